use journeyman_job::credits::{Credits, Currency, Posting, PostingKind, TransactionId, UserId};
use journeyman_job::prelude::*;
use journeyman_job::{Amount, Unique};

/// Adds bought credit to a user's account, once per transaction id however often it runs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditPurchase {
    pub user_id: UserId,
    /// More than zero.
    #[serde(deserialize_with = "Amount::read_positive")]
    #[schemars(schema_with = "Amount::positive_schema")]
    pub amount: Amount,
    pub currency: Currency,
    pub transaction_id: TransactionId,
}

#[job(queue = "high_priority", max_tries = 10)]
impl Job for CreditPurchase {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let posting = Posting {
            transaction_id: self.transaction_id.clone(),
            user_id: self.user_id.clone(),
            kind: PostingKind::Purchase { currency: self.currency.clone() },
            amount: self.amount,
            job: ctx.id(),
        };
        Outcome::with(ctx.require::<Credits>()?.post(&posting).await?)
    }

    /// Long enough for a database that is being restarted: the money has been paid.
    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::exponential())
    }

    /// Asked for twice while it waits, it is one job. Asked for again later, it finds its work done.
    fn unique(&self) -> Option<Unique> {
        Some(Unique::Auto)
    }
}

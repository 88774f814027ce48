use journeyman_job::credits::{Credits, Posting, PostingKind, TransactionId, UserId};
use journeyman_job::prelude::*;
use journeyman_job::{Amount, Unique};

/// Grants credit, or takes it where the amount is negative, once per transaction id. What is not there cannot be taken.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditUpdate {
    pub user_id: UserId,
    /// Not zero.
    #[serde(deserialize_with = "Amount::read_not_zero")]
    #[schemars(schema_with = "Amount::not_zero_schema")]
    pub amount: Amount,
    pub transaction_id: TransactionId,
}

#[job(queue = "high_priority", max_tries = 10)]
impl Job for CreditUpdate {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let posting = Posting {
            transaction_id: self.transaction_id.clone(),
            user_id: self.user_id.clone(),
            kind: PostingKind::Update,
            amount: self.amount,
            job: ctx.id(),
        };
        Outcome::with(ctx.require::<Credits>()?.post(&posting).await?)
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::exponential())
    }

    /// Asked for twice while it waits, it is one job. Asked for again later, it finds its work done.
    fn unique(&self) -> Option<Unique> {
        Some(Unique::Auto)
    }
}

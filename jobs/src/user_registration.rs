use journeyman_job::credits::{Credits, Email, Registration, UserId};
use journeyman_job::prelude::*;
use journeyman_job::{Amount, Unique};

/// Adds a user, with credit to begin with where it is given.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserRegistration {
    pub user_id: UserId,
    pub email: Email,
    /// Not below zero, which it is by default.
    #[serde(default, deserialize_with = "Amount::read_not_negative")]
    #[schemars(schema_with = "Amount::not_negative_schema")]
    pub credit_balance: Amount,
}

#[job(max_tries = 5)]
impl Job for UserRegistration {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let registration = Registration {
            user_id: self.user_id.clone(),
            email: self.email.clone(),
            credit_balance: self.credit_balance,
            job: ctx.id(),
        };
        Outcome::with(ctx.require::<Credits>()?.register(&registration).await?)
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::exponential())
    }

    /// Asked for twice while it waits, it is one job. Asked for again later, it finds its work done.
    fn unique(&self) -> Option<Unique> {
        Some(Unique::Auto)
    }
}

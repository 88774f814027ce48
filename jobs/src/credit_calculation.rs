use journeyman_job::credits::{Credits, UserId};
use journeyman_job::prelude::*;

/// Adds up what a user has bought and used, and keeps the score.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditCalculation {
    pub user_id: UserId,
}

#[job(max_tries = 5)]
impl Job for CreditCalculation {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        Outcome::with(ctx.require::<Credits>()?.calculate(&self.user_id, ctx.id()).await?)
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::exponential())
    }
}

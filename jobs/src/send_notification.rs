use journeyman_job::prelude::*;

/// Tells a user something. The place to copy when writing a job of your own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendNotification {
    pub user_id: u64,
    pub message: String,
}

#[job(retry_after = 10)]
impl Job for SendNotification {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        // Here a mail, push or SMS service would be called, with `ctx.idempotency_key()` so that a retry sends nothing twice.
        tracing::info!(user_id = self.user_id, attempt = ctx.attempt(), "notification sent");
        Ok(Outcome::done())
    }

    async fn failed(&self, _ctx: &JobContext, error: &JobError) -> Result<(), JobError> {
        tracing::error!(user_id = self.user_id, %error, "notification could not be sent");
        Ok(())
    }
}

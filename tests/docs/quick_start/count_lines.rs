use journeyman_job::prelude::*;

/// Counts the lines of a file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountLines {
    pub path: String,
}

#[job(max_tries = 3, retry_after = 5, timeout = 10, lane = "blocking")]
impl Job for CountLines {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        if self.path.is_empty() {
            return Err(JobError::fatal("the path is empty")); // no retry would help
        }
        // `?` on any error fails this attempt; the job is tried again.
        let text = std::fs::read_to_string(&self.path)?;
        tracing::info!(path = self.path, attempt = ctx.attempt(), "lines counted");
        Outcome::with(text.lines().count())
    }

    async fn failed(&self, _ctx: &JobContext, error: &JobError) -> Result<(), JobError> {
        tracing::error!(path = self.path, %error, "lines not counted");
        Ok(())
    }
}

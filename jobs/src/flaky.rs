use journeyman_job::prelude::*;

/// Fails that many attempts, then completes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flaky {
    pub failures: u32,
}

#[job]
impl Job for Flaky {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        if ctx.attempt() <= self.failures {
            return Err(JobError::new(format!("failing attempt {} of {}", ctx.attempt(), self.failures)));
        }
        Ok(Outcome::done())
    }
}

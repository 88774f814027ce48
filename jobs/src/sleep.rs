use journeyman_job::prelude::*;

/// Waits that many seconds without holding a thread.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sleep {
    #[serde(with = "journeyman_job::seconds")]
    #[schemars(with = "f64", range(min = 0, max = 315_360_000))]
    pub seconds: Duration,
}

#[job]
impl Job for Sleep {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        tokio::time::sleep(self.seconds).await;
        Ok(Outcome::done())
    }
}

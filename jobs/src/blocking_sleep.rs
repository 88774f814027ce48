use journeyman_job::prelude::*;

/// Waits that many seconds and holds a thread all the while.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockingSleep {
    #[serde(with = "journeyman_job::seconds")]
    #[schemars(with = "f64", range(min = 0, max = 315_360_000))]
    pub seconds: Duration,
}

#[job(lane = "blocking")]
impl Job for BlockingSleep {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        std::thread::sleep(self.seconds);
        Ok(Outcome::done())
    }
}

use journeyman_job::prelude::*;

/// Takes its whole worker process down, as a fault in foreign code would.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbortsProcess {}

#[job]
impl Job for AbortsProcess {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        std::process::abort()
    }
}

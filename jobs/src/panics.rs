use journeyman_job::prelude::*;

/// Panics in every attempt.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Panics {}

#[job]
impl Job for Panics {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        panic!("this job always panics")
    }
}

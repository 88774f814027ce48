use journeyman_job::prelude::*;

/// Fails every attempt.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlwaysFails {}

#[job]
impl Job for AlwaysFails {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Err(JobError::new("this job always fails"))
    }
}

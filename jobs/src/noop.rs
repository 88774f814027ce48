use journeyman_job::prelude::*;

/// Does nothing: for measuring.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noop {
    /// Ballast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<RawJson>,
}

#[job]
impl Job for Noop {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

use journeyman_job::prelude::*;

/// Takes the payload of a callback and returns it as its result.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordCallback {
    pub entity: RawJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RawJson>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RawJson>,
    pub operation_id: String,
}

#[job]
impl Job for RecordCallback {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Outcome::with(self)
    }
}

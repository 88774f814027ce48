use journeyman_job::prelude::*;

/// Its result is its value, byte for byte.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    pub value: RawJson,
}

#[job]
impl Job for Echo {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::Completed(Some(self.value.clone())))
    }
}

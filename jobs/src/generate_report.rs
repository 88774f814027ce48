use journeyman_job::prelude::*;

/// Writes a report for a user: long work of little urgency.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerateReport {
    pub report_type: String,
    pub user_id: u64,
}

/// Where the report can be fetched.
#[derive(Serialize)]
struct Report {
    report: String,
}

#[job(timeout = 600, max_tries = 2)]
impl Job for GenerateReport {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Outcome::with(Report { report: format!("{}-{}", self.report_type, self.user_id) })
    }

    fn priority(&self) -> Option<Priority> {
        Some(Priority::Low)
    }
}

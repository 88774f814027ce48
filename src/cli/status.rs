//! `journeyman status`.

use std::process::ExitCode;

use journeyman_job::JobId;
use serde_json::Value;

use super::output::{Output, table};
use super::{Failure, Outcome};
use crate::config::Config;
use crate::drivers;
use crate::http::JobStatus;
use crate::queue::Found;

pub(super) async fn run(config: Config, id: JobId, output: Output) -> Outcome {
    let connected = drivers::connect(&config).await?;
    let record = match connected.store.find(id).await? {
        Found::Here(record) => record,
        Found::Expired => return Err(Failure::Other(format!("the record of job {id} has been pruned"))),
        Found::Nothing => return Err(Failure::Other(format!("no job has the id {id} in {}", connected.name))),
    };
    let status = JobStatus::from(*record);
    output.show(&status, || {
        let mut shown = table(["", "job"]);
        // The API's own names, in its order; what is not set takes no line.
        if let Ok(Value::Object(fields)) = serde_json::to_value(&status) {
            for (name, value) in fields.iter().filter(|(name, value)| !value.is_null() && !is_alias(name)) {
                shown.add_row([name.clone(), for_people(value)]);
            }
        }
        shown
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The id under its two other names.
fn is_alias(name: &str) -> bool {
    matches!(name, "operation_id" | "job_id")
}

fn for_people(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

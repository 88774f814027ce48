//! `journeyman status`.

use std::fmt;
use std::process::ExitCode;

use journeyman_job::JobId;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::output::{Output, list, plain};
use super::{Failure, Outcome};
use crate::app;
use crate::config::Config;
use crate::http::JobStatus;
use crate::queue::Found;

pub(super) async fn run(config: Config, id: JobId, output: Output) -> Outcome {
    let connected = app::open(&config).await?;
    let record = match connected.store.find(id).await? {
        Found::Here(record) => record,
        Found::Expired => return Err(Failure::Other(format!("the record of job {id} has been pruned"))),
        Found::Nothing => return Err(Failure::Other(format!("no job has the id {id} in {}", connected.name))),
    };
    let status = JobStatus::from(*record);
    let text = serde_json::to_string(&status).map_err(std::io::Error::other)?;
    let fields: Fields = serde_json::from_str(&text).map_err(std::io::Error::other)?;
    output.show(&status, || {
        let mut shown = list(["", "job"]);
        // The API's own names, in its order; what is not set takes no line.
        for (name, value) in fields.0.iter().filter(|(name, value)| is_set(name, value.get()) && !is_alias(name)) {
            shown.add_row([name.clone(), plain(&for_people(name, value.get()))]);
        }
        shown
    })?;
    Ok(ExitCode::SUCCESS)
}

fn is_set(name: &str, value: &str) -> bool {
    value != "null" && !(name == "callbacks" && value == "[]")
}

/// The id under its two other names.
fn is_alias(name: &str) -> bool {
    matches!(name, "operation_id" | "job_id")
}

fn for_people(name: &str, value: &str) -> String {
    // The job's own, byte for byte.
    if matches!(name, "task_data" | "result") {
        return value.to_owned();
    }
    match serde_json::from_str(value) {
        Ok(Value::String(text)) => text,
        Ok(Value::Array(items)) => items.iter().map(item_for_people).collect::<Vec<_>>().join("\n"),
        _ => value.to_owned(),
    }
}

fn item_for_people(item: &Value) -> String {
    item.as_str().map_or_else(|| item.to_string(), str::to_owned)
}

/// The members of a JSON object in their order and their own words, which a `Value` would not keep.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

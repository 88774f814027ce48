//! The body of an enqueue, and what makes it a dispatch.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use journeyman_job::{
    Dispatch, DispatchOptions, JobSpec, Priority, QueueName, RawJson, RetryConfig, When, registry, seconds,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::super::error::{Fault, Problem};
use super::super::json;
use super::super::words::{PriorityGiven, RetryConfigGiven, TagGiven};
use crate::queue::limits::{self, Beyond};
use crate::queue::{Undecodable, decode_payload};

/// Types for trying the system out, some of them harmful: the API takes them only when told to.
const TRIAL_TYPES: [&str; 9] =
    ["noop", "echo", "flaky", "always_fails", "sleep", "blocking_sleep", "panics", "aborts_process", "record_callback"];

/// Longest `timeout` of one attempt.
const MAX_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// A job to enqueue. Leave out what is not needed; `null` stands for nothing and is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "queue_name": "default",
    "task_type": "send_notification",
    "task_data": {"user_id": 42, "message": "Your order is on its way"},
    "priority": "high",
    "delay": 1.5
}))]
pub struct EnqueueRequest {
    /// The queue; the type's own by default. Created on first use.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, pattern = "^[A-Za-z0-9._-]{1,255}$", example = "default")]
    queue_name: Option<QueueName>,
    /// The job's registered name.
    #[schema(example = "send_notification")]
    task_type: String,
    /// The job's fields, kept byte for byte: `Job.<task_type>` among the schemas. `{}` by default, at most 1 MiB.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = serde_json::Value, required = false)]
    task_data: Option<RawJson>,
    /// The type's own by default, else the queue's, else normal.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = PriorityGiven, required = false)]
    priority: Option<Priority>,
    /// Seconds to wait before the first attempt, at most a year; whole or decimal. Not together with `run_at`.
    #[serde(default, deserialize_with = "seconds_present")]
    #[schema(value_type = f64, required = false, minimum = 0, maximum = 31_622_400, example = 0)]
    delay: Option<Duration>,
    /// Not before this time (RFC 3339, before the year 2200) on the store's clock. Not together with `delay`.
    #[serde(default, deserialize_with = "time_present")]
    #[schema(value_type = String, format = DateTime, required = false, pattern = "^([01][0-9]|2[01])[0-9]{2}-",
        example = "2030-01-01T09:00:00Z")]
    run_at: Option<DateTime<Utc>>,
    /// Executions in total, the first one included; 0 = no limit. Not together with `retry_config.max_attempts`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u64, required = false, maximum = 4_294_967_295_u32, example = 3)]
    max_tries: Option<u32>,
    /// Longest one attempt may run, seconds: at least a millisecond, at most a day.
    #[serde(default, deserialize_with = "seconds_present")]
    #[schema(value_type = f64, required = false, minimum = 0.001, maximum = 86_400, example = 60)]
    timeout: Option<Duration>,
    /// When to try again, and how often; the type's own by default.
    #[serde(default, deserialize_with = "object_present")]
    #[schema(value_type = RetryConfigGiven, required = false)]
    retry_config: Option<RetryConfig>,
    /// Words to find the job by, beside its type's own: at most 20 of 1 to 100 characters.
    #[serde(default)]
    #[schema(value_type = Vec<TagGiven>, required = false, max_items = 20, example = json!(["billing"]))]
    tags: Vec<String>,
}

impl EnqueueRequest {
    /// The dispatch it asks for, or all that speaks against it.
    pub fn into_dispatch(self, examples: bool) -> Result<Dispatch, Problem> {
        let data = self
            .task_data
            .map_or_else(|| RawJson::parse("{}".into()), Ok)
            .map_err(|error| Problem::internal(&error))?;
        let mut faults = Vec::new();
        let when = when(self.delay, self.run_at).unwrap_or_else(|fault| {
            faults.push(fault);
            When::Now
        });
        faults.extend(self.timeout.and_then(timeout_fault));
        let options = DispatchOptions {
            queue: self.queue_name,
            connection: None,
            priority: self.priority,
            when,
            max_tries: self.max_tries,
            timeout: self.timeout,
            retry: self.retry_config,
            tags: self.tags,
            ..DispatchOptions::default()
        };
        faults.extend(limits::check_options(&options).err().map(beyond));
        match spec(self.task_type, data, examples) {
            Ok(spec) if faults.is_empty() => Ok(Dispatch { spec, options }),
            Ok(_) => Err(Problem::invalid(faults)),
            Err(fault) => {
                faults.insert(0, fault);
                Err(Problem::invalid(faults))
            }
        }
    }
}

/// Decodes the payload as a worker will, so that what no worker could run is not stored.
fn spec(task_type: String, data: RawJson, examples: bool) -> Result<JobSpec, Fault> {
    if !is_offered(&task_type, examples) {
        let detail = format!("{task_type} is for trying the system out: start the server with --examples to allow it");
        return Err(Fault::new("/task_type", detail));
    }
    limits::check_payload(data.get().len()).map_err(beyond)?;
    if data.get().starts_with('[') && takes_an_object(&task_type) {
        return Err(Fault::new("/task_data", "a list where an object of the job's fields belongs"));
    }
    let job = decode_payload(&task_type, &data).map_err(undecodable)?;
    JobSpec::with_data(job.as_ref(), task_type, data).map_err(|error| Fault::new("/task_type", error.to_string()))
}

/// Whether the API takes jobs of this type, if there is one.
pub fn is_offered(task_type: &str, examples: bool) -> bool {
    examples || !TRIAL_TYPES.contains(&task_type)
}

/// serde would read a list as the values of the fields in turn, which the type's own schema does not allow.
fn takes_an_object(task_type: &str) -> bool {
    registry::find(task_type).is_some_and(|known| (known.schema)().get("type").is_some_and(|kind| kind == "object"))
}

fn undecodable(error: Undecodable) -> Fault {
    match error {
        Undecodable::UnknownType { .. } => Fault::new("/task_type", error.to_string()),
        Undecodable::Payload { pointer, message, .. } => json::fault(format!("/task_data{pointer}"), message),
    }
}

fn beyond(beyond: Beyond) -> Fault {
    Fault::new(format!("/{}", beyond.field), beyond.message)
}

fn when(delay: Option<Duration>, run_at: Option<DateTime<Utc>>) -> Result<When, Fault> {
    match (delay, run_at) {
        (Some(_), Some(_)) => Err(Fault::new("/run_at", "contradicts delay: give one of the two")),
        (None, Some(time)) => Ok(When::At(time)),
        (Some(delay), None) if !delay.is_zero() => Ok(When::After(delay)),
        (Some(_) | None, None) => Ok(When::Now),
    }
}

fn timeout_fault(timeout: Duration) -> Option<Fault> {
    let most = MAX_TIMEOUT.as_secs();
    (timeout.is_zero() || timeout > MAX_TIMEOUT).then(|| {
        Fault::new("/timeout", format!("is {} s: give more than 0, at most {most} (a day)", timeout.as_secs_f64()))
    })
}

/// A member that is there has a value: `null` is read as its type would read it, not as its absence.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn object_present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    json::object(deserializer).map(Some)
}

fn seconds_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    seconds::deserialize(deserializer).map(Some)
}

fn time_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match DateTime::parse_from_rfc3339(&text) {
        // By the year as it is written, as the description says it.
        Ok(time) if time.year() >= 2200 => Err(D::Error::custom(format!("is {text}: give a time before the year 2200"))),
        Ok(time) => Ok(Some(time.to_utc())),
        Err(error) => {
            Err(D::Error::custom(format!("{text:?} is no RFC 3339 time such as 2030-01-01T09:00:00Z: {error}")))
        }
    }
}

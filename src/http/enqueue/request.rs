//! The body of an enqueue, and what makes it a dispatch.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use journeyman_job::{
    Dispatch, DispatchOptions, JobId, JobSpec, Priority, QueueName, RawJson, RetryConfig, Unique, When, seconds,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::super::ApiState;
use super::super::error::Fault;
use super::super::json;
use super::super::offer::Offer;
use super::super::words::{PriorityGiven, RetryConfigGiven, TagGiven};
use super::callback::CallbackGiven;
use crate::queue::callbacks::WEBHOOK;
use crate::queue::limits::{self, Beyond};
use crate::queue::{Undecodable, decode_payload};
use crate::tables::DATABASE_OPERATION;

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
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false, pattern = "^[A-Za-z0-9._-]{1,255}$", example = "default")]
    queue_name: Option<QueueName>,
    /// The job's registered name.
    #[schema(example = "send_notification")]
    task_type: String,
    /// The job's fields, kept byte for byte: `Job.<task_type>` among the schemas. `{}` by default, at most 1 MiB.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = serde_json::Value, required = false)]
    task_data: Option<RawJson>,
    /// The type's own by default, else the queue's, else normal.
    #[serde(default, deserialize_with = "json::present")]
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
    #[serde(default, deserialize_with = "json::present")]
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
    /// Words to find the job by, beside its type's own: at most 20 of 1 to 100 characters, none of them a control
    /// character.
    #[serde(default)]
    #[schema(value_type = Vec<TagGiven>, required = false, max_items = 20, example = json!(["billing"]))]
    tags: Vec<String>,
    /// An id of the caller's own for the job. The same body under the same id again is the same job, as long as its
    /// record is kept; another body or queue under it is refused.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = Uuid, required = false)]
    operation_id: Option<JobId>,
    /// While a job of the queue with this key has not ended, no second one is stored: 1 to 255 characters, or `auto` for
    /// the type and its payload.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 255, example = "order-4711")]
    deduplication_key: Option<String>,
    /// What runs once the job has completed.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = CallbackGiven, required = false)]
    on_success: Option<CallbackGiven>,
    /// What runs once the job has failed for good.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = CallbackGiven, required = false)]
    on_failure: Option<CallbackGiven>,
}

impl EnqueueRequest {
    /// The dispatch it asks for, or all that speaks against it.
    pub fn into_dispatch(self, api: &ApiState) -> Result<Dispatch, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut callback = |member, given: Option<CallbackGiven>| {
            given.and_then(|given| given.checked(member, api).map_err(|fault| faults.push(fault)).ok())
        };
        let on_success = callback("on_success", self.on_success);
        let on_failure = callback("on_failure", self.on_failure);
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
            id: self.operation_id,
            unique: self.deduplication_key.map(|key| if key == "auto" { Unique::Auto } else { Unique::Key(key) }),
            on_success,
            on_failure,
        };
        faults.extend(limits::check_options(&options).err().map(beyond));
        let taken = is_taken(&self.task_type, Offer::of(api)).map_err(|refusal| Fault::new("/task_type", refusal));
        match taken.and_then(|()| spec(self.task_type, payload(self.task_data)?)) {
            Ok(spec) if faults.is_empty() => Ok(Dispatch { spec, options }),
            Ok(_) => Err(faults),
            Err(fault) => {
                faults.insert(0, fault);
                Err(faults)
            }
        }
    }
}

/// Refuses types that callers may not enqueue: those for trying the system out, and those that reach beyond it.
pub fn is_taken(task_type: &str, offer: Offer) -> Result<(), String> {
    let refusal = match task_type {
        _ if TRIAL_TYPES.contains(&task_type) && !offer.examples => {
            "is for trying the system out: start the server with --examples to allow it"
        }
        WEBHOOK if !offer.builtins.webhook => {
            "follows from on_success and on_failure: the setting callbacks.from_api lets callers enqueue it, too"
        }
        DATABASE_OPERATION if !offer.builtins.database_operation => {
            "is not for callers of the API: the setting tables.from_api lets them enqueue it"
        }
        _ => return Ok(()),
    };
    Err(format!("{task_type} {refusal}"))
}

/// An empty object where nothing is given.
fn payload(given: Option<RawJson>) -> Result<RawJson, Fault> {
    let data = given.map_or_else(|| RawJson::parse("{}".into()), Ok);
    data.map_err(|error| Fault::new("/task_data", error.to_string()))
}

/// Decodes the payload as a worker will, so that what no worker could run is not stored.
pub fn spec(task_type: String, data: RawJson) -> Result<JobSpec, Fault> {
    limits::check_payload(data.get().len()).map_err(beyond)?;
    let job = decode_payload(&task_type, &data).map_err(undecodable)?;
    JobSpec::with_data(job.as_ref(), task_type, data).map_err(|error| Fault::new("/task_type", error.to_string()))
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
        Ok(time) if time.year() >= 2200 => {
            Err(D::Error::custom(format!("is {text}: give a time before the year 2200")))
        }
        Ok(time) => Ok(Some(time.to_utc())),
        Err(error) => {
            Err(D::Error::custom(format!("{text:?} is no RFC 3339 time such as 2030-01-01T09:00:00Z: {error}")))
        }
    }
}

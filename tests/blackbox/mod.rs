//! What the source documents promise, seen from outside: the real binary, HTTP and the command line, on each store.

mod callbacks;
mod failing;
mod order;
mod retrying;
mod sending;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::http::{Answer, Api};

/// What a delay may be exceeded by on a busy machine.
const LATE: Duration = Duration::from_secs(10);

/// Enqueues a body that must be taken as a new job; its id.
fn enqueue(api: Api, body: &Value) -> String {
    let answer = api.post(&body.to_string());
    assert_eq!(answer.status, 201, "{body}: {answer:?}");
    id_of(&answer)
}

fn id_of(answer: &Answer) -> String {
    answer.json()["task_id"].as_str().unwrap().to_owned()
}

/// A time of the API.
fn time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no time"));
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// From the one time to the other, zero if it is before it.
fn between(from: &Value, to: &Value) -> Duration {
    (time(to) - time(from)).to_std().unwrap_or_default()
}

/// The pauses between the attempts in a status.
fn pauses(status: &Value) -> Vec<Duration> {
    let history = status["history"].as_array().unwrap();
    history.windows(2).map(|pair| between(&pair[0]["finished_at"], &pair[1]["started_at"])).collect()
}

fn assert_waited(waited: Duration, at_least: Duration) {
    // Jitter takes a tenth at the most.
    assert!(waited >= at_least.mul_f64(0.9), "{waited:?} is less than {at_least:?}");
    assert!(waited < at_least + LATE, "{waited:?} is far more than {at_least:?}");
}

/// The keys of an object, in alphabetical order.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn always_fails(retry_config: &Value) -> Value {
    json!({"task_type": "always_fails", "task_data": {}, "retry_config": retry_config})
}

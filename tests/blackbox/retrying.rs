//! R13–R15: each retry strategy with its delays, and the total budget.

use std::time::Duration;

use serde_json::json;

use super::{always_fails, assert_waited, enqueue, pauses};
use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(
    r13_fixed_waits_the_same_each_time,
    r13_exponential_grows_up_to_its_limit,
    r13_custom_waits_as_listed_and_then_the_last,
    r15_a_try_past_the_total_timeout_is_not_made,
    r14_one_attempt_means_no_retry,
);

fn millis(millis: &[u64]) -> Vec<Duration> {
    millis.iter().copied().map(Duration::from_millis).collect()
}

/// Runs a job that always fails under `retry` and compares the pauses between its attempts.
fn pauses_are(home: &Home, retry: &serde_json::Value, expected: &[u64]) {
    let server = home.serve(&[]);
    let id = enqueue(server.api, &always_fails(retry));
    let status = server.api.until(&id, "failed");
    let pauses = pauses(&status);
    assert_eq!(pauses.len(), expected.len(), "{status}");
    pauses.into_iter().zip(millis(expected)).for_each(|(waited, at_least)| assert_waited(waited, at_least));
    assert_eq!(status["attempts"], expected.len() + 1);
}

fn r13_fixed_waits_the_same_each_time(home: &Home) {
    pauses_are(home, &json!({"strategy": "fixed", "delay": 0.4, "max_attempts": 3}), &[400, 400]);
}

fn r13_exponential_grows_up_to_its_limit(home: &Home) {
    let retry = json!({
        "strategy": "exponential", "base": 2, "min_delay": 0.3, "max_delay": 0.9, "max_attempts": 4, "jitter": false
    });
    pauses_are(home, &retry, &[300, 600, 900]);
}

/// With no `max_attempts` the list itself says how many tries there are.
fn r13_custom_waits_as_listed_and_then_the_last(home: &Home) {
    pauses_are(home, &json!({"strategy": "custom", "delays": [0.2, 0.5]}), &[200, 500]);
    pauses_are(home, &json!({"strategy": "custom", "delays": [0.2, 0.4], "max_attempts": 4}), &[200, 400, 400]);
}

fn r15_a_try_past_the_total_timeout_is_not_made(home: &Home) {
    let server = home.serve(&[]);
    let retry = json!({"strategy": "fixed", "delay": 0.6, "max_attempts": 10, "timeout": 1});
    let id = enqueue(server.api, &always_fails(&retry));
    let status = server.api.until(&id, "failed");
    assert_eq!(status["error"]["kind"], "would_exceed_deadline");
    // The second try begins after 0.6 s, a third would after 1.2.
    let attempts = status["attempts"].as_u64().unwrap();
    assert!((1..=2).contains(&attempts), "{status}");
}

fn r14_one_attempt_means_no_retry(home: &Home) {
    let server = home.serve(&[]);
    let id = enqueue(server.api, &always_fails(&json!({"strategy": "fixed", "delay": 0, "max_attempts": 1})));
    assert_eq!(server.api.until(&id, "failed")["attempts"], 1);
}

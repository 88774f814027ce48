//! R46: `work`, its ways to stop, and its lines.

use serde_json::{Value, json};

use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(
    r46_once_runs_one_job,
    r46_max_jobs_runs_that_many,
    r46_stop_when_empty_leaves_nothing_that_is_due,
    r46_queues_named_are_served_in_their_order_and_no_others,
    r46_json_lines_tell_every_event,
    r46_max_tries_overrides_every_job,
);

fn dispatch(home: &Home, queue: &str) -> String {
    home.ok(&["dispatch", "noop", "{}", "--queue", queue])
}

fn count(home: &Home, state: &str) -> u64 {
    let stats = home.json(&["stats", "--json"]);
    stats["queues"].as_object().unwrap().values().map(|queue| queue[state].as_u64().unwrap()).sum()
}

/// The events of a run of `work --json`.
fn events(home: &Home, flags: &[&str]) -> Vec<Value> {
    let lines = home.ok(&[&["work", "--json"], flags].concat());
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn r46_once_runs_one_job(home: &Home) {
    for _ in 0..3 {
        dispatch(home, "default");
    }
    home.ok(&["work", "--once"]);
    assert_eq!((count(home, "completed"), count(home, "pending")), (1, 2));
    home.ok(&["--queue-work", "--once"]);
    assert_eq!((count(home, "completed"), count(home, "pending")), (2, 1));
    home.ok(&["work", "--once"]);
    assert_eq!(home.ok(&["work", "--once"]), "", "nothing to run is no failure");
}

fn r46_max_jobs_runs_that_many(home: &Home) {
    for _ in 0..5 {
        dispatch(home, "default");
    }
    home.ok(&["work", "--max-jobs", "3"]);
    assert_eq!((count(home, "completed"), count(home, "pending"), count(home, "reserved")), (3, 2, 0));
}

fn r46_stop_when_empty_leaves_nothing_that_is_due(home: &Home) {
    for _ in 0..8 {
        dispatch(home, "default");
    }
    dispatch(home, "found.later");
    home.ok(&["dispatch", "noop", "{}", "--delay", "600"]);
    let lines = home.ok(&["work", "--stop-when-empty"]);
    assert_eq!((count(home, "completed"), count(home, "pending"), count(home, "delayed")), (9, 0, 1));
    assert_eq!(lines.lines().filter(|line| line.ends_with("DONE")).count(), 9, "{lines}");
}

/// A job that fails while the worker looks for more is due again before the worker may call the store empty.
#[test]
fn r46_stop_when_empty_runs_a_retry_that_is_due() {
    for home in [Home::sqlite(), Home::redis()] {
        for round in 1..=5 {
            for _ in 0..8 {
                dispatch(&home, "default");
            }
            home.ok(&["dispatch", "flaky", r#"{"failures": 1}"#]);
            home.ok(&["work", "--stop-when-empty"]);
            assert_eq!((count(&home, "completed"), count(&home, "pending")), (round * 9, 0));
        }
    }
}

fn r46_queues_named_are_served_in_their_order_and_no_others(home: &Home) {
    for queue in ["other", "b", "a", "b", "a", "default"] {
        dispatch(home, queue);
    }
    let events = events(home, &["--queue", "a,b", "--workers", "1", "--stop-when-empty"]);
    let completed = events.iter().filter(|event| event["status"] == "completed");
    let queues: Vec<_> = completed.map(|event| event["queue"].as_str().unwrap()).collect();
    assert_eq!(queues, ["a", "a", "b", "b"]);
    assert_eq!(count(home, "pending"), 2);
}

fn r46_json_lines_tell_every_event(home: &Home) {
    let id = home.ok(&["dispatch", "flaky", r#"{"failures": 1}"#]);
    let mut events = events(home, &["--max-jobs", "2"]);
    // An end is told once the store has taken it; by then the next attempt may have begun.
    events.sort_by_key(|event| event["attempt"].as_u64());
    let seen: Vec<_> =
        events.iter().map(|event| (event["attempt"].clone(), event["status"].as_str().unwrap())).collect();
    let expected = [(json!(1), "started"), (json!(1), "retrying"), (json!(2), "started"), (json!(2), "completed")];
    assert_eq!(seen, expected);
    for event in &events {
        let keys: Vec<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["attempt", "delay", "duration", "error", "id", "job", "queue", "status", "timestamp"];
        assert_eq!(keys, expected);
        assert_eq!((&event["id"], &event["job"], &event["queue"]), (&json!(id), &json!("flaky"), &json!("default")));
    }
    assert!(events[1]["error"].as_str().unwrap().contains("failing attempt 1 of 1"), "{}", events[1]);
}

fn r46_max_tries_overrides_every_job(home: &Home) {
    let id = home.ok(&["dispatch", "always_fails"]);
    home.ok(&["work", "--stop-when-empty", "--max-tries", "1"]);
    let status = home.json(&["status", &id, "--json"]);
    assert_eq!((&status["status"], &status["attempts"]), (&json!("failed"), &json!(1)));
}

//! What the issue's author will try first: jobs in, results out, and refusals that say where.

use std::time::Duration;

use serde_json::json;

use crate::support::http::Api;
use crate::support::process::Home;
use crate::support::{on_each_store, until};

on_each_store!(
    r57_echo_returns_its_value_byte_for_byte,
    r14_flaky_completes_at_its_second_attempt,
    r26_every_refusal_has_its_status_code_and_pointer,
);

/// Sends a job as text; its status as text once it has completed.
fn completed(api: Api, body: &str) -> String {
    let answer = api.post(body);
    assert_eq!(answer.status, 201, "{answer:?}");
    let created = answer.json();
    let id = created["task_id"].as_str().unwrap();
    assert_eq!(answer.header("location"), Some(format!("/api/queue/status/{id}").as_str()));
    assert_eq!((&created["operation_id"], &created["job_id"]), (&json!(id), &json!(id)));
    // Not as a `Value`, which cannot hold every number.
    until("the job completes", Duration::from_secs(20), || {
        let status = api.get(&format!("/api/queue/status/{id}")).body;
        status.contains(r#""status":"completed","#).then_some(status)
    })
}

fn r57_echo_returns_its_value_byte_for_byte(home: &Home) {
    let server = home.serve(&[]);
    for value in [
        "[]",
        "[ ]",
        "{}",
        "null",
        "false",
        "9007199254740993",
        "1e400",
        "-0.0",
        "1.10",
        r#""""#,
        r#""\u00e4\/ä\u0000""#,
        r#"{"z":1,"a":[ ],  "m":{"b":"","a":null}}"#,
    ] {
        let body = format!(r#"{{"task_type": "echo", "task_data": {{"value": {value}}}}}"#);
        let status = completed(server.api, &body);
        assert!(status.contains(&format!(r#""result":{value},"#)), "{value}: {status}");
        assert!(status.contains(&format!(r#""task_data":{{"value": {value}}},"#)), "{value}: {status}");
    }
}

fn r14_flaky_completes_at_its_second_attempt(home: &Home) {
    let server = home.serve(&[]);
    let id = server.api.enqueue("flaky", json!({"failures": 1}));
    let status = server.api.until(&id, "completed");
    assert_eq!((&status["attempts"], &status["error"]), (&json!(2), &json!(null)));
    let history = status["history"].as_array().unwrap();
    let outcomes: Vec<_> = history.iter().map(|entry| entry["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["error", "completed"]);
    assert_eq!(history[0]["error"], json!({"kind": "error", "message": "failing attempt 1 of 1"}));
}

fn r26_every_refusal_has_its_status_code_and_pointer(home: &Home) {
    let server = home.serve(&[]);
    for (body, refusal) in [
        (r#"{"task_type": "ecko"}"#, "422 validation_failed /task_type"),
        (r#"{"task_data": {}}"#, "422 validation_failed /task_type"),
        (r#"{"task_type": "echo"}"#, "422 validation_failed /task_data/value"),
        (r#"{"task_type": "echo", "task_data": {"value": 1, "size": 2}}"#, "422 validation_failed /task_data/size"),
        (r#"{"task_type": "flaky", "task_data": {"failures": -1}}"#, "422 validation_failed /task_data/failures"),
        (r#"{"task_type": "noop", "task_data": [1]}"#, "422 validation_failed /task_data"),
        (r#"{"task_type": "noop", "priority": "urgent"}"#, "422 validation_failed /priority"),
        (r#"{"task_type": "noop", "delay": -1}"#, "422 validation_failed /delay"),
        (r#"{"task_type": "noop", "queue_name": "a b"}"#, "422 validation_failed /queue_name"),
        (r#"{"task_type": "noop", "delya": 1}"#, "422 validation_failed /delya"),
        (r#"{"task_type": "noop""#, "400 invalid_json"),
        ("", "400 invalid_json"),
    ] {
        assert_eq!(server.api.post(body).refusal(), refusal, "{body}");
    }
    for (path, refusal) in [
        ("/api/queue/status/0198c0de-7a11-7000-8000-00000000c8e5", "404 job_not_found"),
        ("/api/queue/status/17", "422 invalid_parameter"),
        ("/api/queue/stats/nowhere", "404 queue_not_found"),
        ("/api/queue", "404 route_not_found"),
        ("/api/queue/enqueue", "405 method_not_allowed"),
    ] {
        assert_eq!(server.api.get(path).refusal(), refusal, "{path}");
    }
    let answer = server.api.post(r#"{"task_type": "ecko"}"#);
    assert!(answer.body.contains(r#"did you mean \"echo\""#), "{answer:?}");
    assert_eq!(server.api.metrics()["enqueued"], 0, "nothing was stored");
}

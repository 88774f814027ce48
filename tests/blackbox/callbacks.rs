//! R25: callbacks with exactly the documented keys.

use serde_json::{Value, json};

use super::{enqueue, keys};
use crate::support::on_each_store;
use crate::support::process::{Home, Server};

on_each_store!(
    r25_a_success_calls_back_with_entity_result_and_operation_id,
    r25_a_failure_calls_back_with_entity_error_and_operation_id,
    r25_a_callback_that_nobody_could_run_is_refused,
);

/// The payload that the one callback of a job was given.
fn payload(server: &Server, id: &str, state: &str, on: &str) -> Value {
    let parent = server.api.until(id, state);
    let [callback] = &parent["callbacks"].as_array().unwrap()[..] else { panic!("one callback expected: {parent}") };
    assert_eq!(callback["on"], on);
    let child = server.api.until(callback["task_id"].as_str().unwrap(), "completed");
    assert_eq!(child["task_type"], "record_callback");
    child["result"].clone()
}

fn r25_a_success_calls_back_with_entity_result_and_operation_id(home: &Home) {
    let server = home.serve(&[]);
    let value = json!({"n": 9_007_199_254_740_993_u64, "empty": []});
    let body = json!({
        "task_type": "echo", "task_data": {"value": value}, "on_success": "record_callback",
        "on_failure": {"task_type": "record_callback"}
    });
    let id = enqueue(server.api, &body);
    let given = payload(&server, &id, "completed", "success");
    assert_eq!(given, json!({"entity": {"value": value}, "result": value, "operation_id": id}));
}

fn r25_a_failure_calls_back_with_entity_error_and_operation_id(home: &Home) {
    let server = home.serve(&[]);
    let body = json!({
        "task_type": "always_fails", "task_data": {}, "max_tries": 1, "on_success": "record_callback",
        "on_failure": {"task_type": "record_callback"}
    });
    let id = enqueue(server.api, &body);
    let given = payload(&server, &id, "failed", "failure");
    assert_eq!(keys(&given), ["entity", "error", "operation_id"]);
    assert_eq!((&given["entity"], &given["operation_id"]), (&json!({}), &json!(id)));
    assert_eq!(keys(&given["error"]), ["kind", "message"]);
}

fn r25_a_callback_that_nobody_could_run_is_refused(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    for (callback, pointer) in [
        (json!("no_such_type"), "/on_success"),
        (json!("http://example.org/hook"), "/on_success"),
        (json!({"task_type": "no_such_type"}), "/on_success"),
        (json!(7), "/on_success"),
    ] {
        let answer = server.api.post(&json!({"task_type": "noop", "on_success": callback}).to_string());
        assert_eq!(answer.status, 422, "{callback}: {answer:?}");
        let at = answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert!(at.starts_with(pointer), "{callback}: {at}");
    }
    assert_eq!(server.api.metrics()["enqueued"], 0);
}

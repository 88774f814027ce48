//! R57: the jobs for trying the system out.

use serde_json::json;

use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(r57_every_trial_job_does_what_its_name_says);

fn r57_every_trial_job_does_what_its_name_says(home: &Home) {
    let mut server = home.serve(&[]);
    let api = server.api;
    let panics = api.enqueue("panics", json!({}));
    let fails = api.enqueue("always_fails", json!({}));
    let blocks = api.enqueue("blocking_sleep", json!({"seconds": 0.05}));
    let sleeps = api.enqueue("sleep", json!({"seconds": 0.05}));
    let noop = api.enqueue("noop", json!({"data": [1]}));
    let payload = json!({"entity": {"id": 1}, "result": [], "operation_id": "7"});
    let callback = api.enqueue("record_callback", payload.clone());

    let status = api.until(&panics, "failed");
    assert_eq!((&status["attempts"], &status["error"]["kind"]), (&json!(3), &json!("panic")), "{status}");
    assert!(status["error"]["message"].as_str().unwrap().contains("this job always panics"), "{status}");
    assert!(!status.to_string().contains(".rs:"), "no place in the code: {status}");

    let status = api.until(&fails, "failed");
    assert_eq!(status["error"], json!({"kind": "error", "message": "this job always fails"}));
    assert_eq!((&status["attempts"], status["history"].as_array().unwrap().len()), (&json!(3), 3));

    for id in [blocks, sleeps, noop] {
        let status = api.until(&id, "completed");
        assert_eq!((&status["attempts"], &status["result"]), (&json!(1), &json!(null)));
    }
    assert_eq!(api.until(&callback, "completed")["result"], payload);

    assert!(server.process.is_running());
    let last = api.enqueue("echo", json!({"value": "alive"}));
    assert_eq!(api.until(&last, "completed")["result"], "alive");
    let metrics = api.metrics();
    assert_eq!((&metrics["processed"], &metrics["failed"]), (&json!(7), &json!(2)), "{metrics}");
}

/// Beside a store that others may share, the API takes them only if told to.
#[test]
fn r57_on_redis_trial_jobs_need_the_flag() {
    let home = Home::redis();
    let (plain, told) = (home.serve_plainly(&[]), home.serve(&[]));
    for name in [
        "noop",
        "echo",
        "flaky",
        "always_fails",
        "sleep",
        "blocking_sleep",
        "panics",
        "aborts_process",
        "record_callback",
    ] {
        let answer = plain.api.post(&json!({"task_type": name}).to_string());
        assert_eq!(answer.refusal(), "422 validation_failed /task_type");
        assert!(answer.body.contains("--examples"), "{answer:?}");
    }
    let id = told.api.enqueue("noop", json!({}));
    plain.api.until(&id, "completed");
    let order = json!({"order_id": 1, "customer_email": "ada@example.org", "items": [1]});
    let order = plain.api.enqueue("process_order", order);
    assert_eq!(plain.api.until(&order, "completed")["result"]["items"], 1);
}

//! R29, R55, P1: failed, put back, completed; and every process killed in between.

use serde_json::json;

use super::enqueue;
use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(r29_a_failed_job_is_listed_put_back_and_completes_through_restarts_of_everything);

fn r29_a_failed_job_is_listed_put_back_and_completes_through_restarts_of_everything(home: &Home) {
    // Enqueued by a server that is killed at once.
    let mut server = home.serve(&["--no-worker"]);
    let body = json!({"task_type": "sleep", "task_data": {"seconds": 1}, "max_tries": 2, "tags": ["nightly"]});
    let id = enqueue(server.api, &body);
    let other = enqueue(server.api, &json!({"task_type": "always_fails", "task_data": {}, "max_tries": 1}));
    server.process.kill();

    // Failed by a worker that gives it no time.
    home.ok(&["work", "--timeout", "0.2", "--stop-when-empty"]);
    let failed = home.json(&["failed", "--json"]);
    let listed: Vec<&str> = failed.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert!(listed.len() == 2 && listed.contains(&id.as_str()) && listed.contains(&other.as_str()), "{failed}");
    let row = failed.as_array().unwrap().iter().find(|job| job["id"] == id.as_str()).unwrap();
    assert_eq!(super::keys(row), ["attempts", "error", "failed_at", "id", "kind", "queue", "type"]);
    assert_eq!((&row["queue"], &row["type"], &row["kind"]), (&json!("default"), &json!("sleep"), &json!("failure")));

    // Put back by the command line, seen by another server, which is killed too.
    home.ok(&["retry", &id]);
    let mut server = home.serve(&["--no-worker"]);
    let status = server.api.status(&id);
    assert_eq!((&status["status"], &status["attempts"]), (&json!("pending"), &json!(0)), "{status}");
    server.process.kill();

    // Begun by a worker that is killed in the middle; completed by the next one.
    let server = home.serve(&["--no-worker"]);
    let mut worker = home.start(&["work"]);
    let running = server.api.until(&id, "reserved");
    assert!(worker.is(&running["worker"]));
    worker.kill();
    let _next = home.start(&["work"]);
    let status = server.api.until(&id, "completed");
    assert!(status["history"].as_array().unwrap().iter().any(|attempt| attempt["outcome"] == "timeout"), "{status}");

    // What is left of the failed is forgotten.
    home.ok(&["forget", &other]);
    assert_eq!(home.json(&["failed", "--json"]), json!([]));
    let stats = home.json(&["stats", "--json"]);
    assert_eq!(stats["queues"]["default"]["failed"], 0, "{stats}");
}

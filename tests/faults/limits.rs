//! R46: workers that have limits of their own, as processes.

use serde_json::json;

use crate::support::process::Home;

#[test]
fn r46_a_worker_that_has_had_its_time_finishes_its_job() {
    let home = Home::sqlite();
    std::fs::write(home.path().join("journeyman.toml"), "worker.grace_shutdown_period = 0.1\n").unwrap();
    let id = home.ok(&["dispatch", "sleep", r#"{"seconds": 1.5}"#]);
    home.ok(&["work", "--max-time", "0.3"]);
    let status = home.json(&["status", &id, "--json"]);
    assert_eq!((&status["status"], &status["attempts"]), (&json!("completed"), &json!(1)), "{status}");
}

#[test]
fn r47_the_workers_of_a_server_have_no_limits() {
    let home = Home::sqlite().with("JOURNEYMAN_WORKER_MAX_JOBS", "1").with("JOURNEYMAN_WORKER_MAX_TIME", "0.1");
    let server = home.serve(&[]);
    for value in 1..=3 {
        let id = server.api.enqueue("echo", json!({"value": value}));
        assert_eq!(server.api.until(&id, "completed")["result"], value);
    }
    assert!(server.process.stderr().contains("worker.max_jobs"), "{}", server.process.stderr());
}

//! R47, R56: the API in one process, the workers in another.

use std::time::Duration;

use serde_json::json;

use crate::support::process::Home;
use crate::support::{on_each_store, until};

on_each_store!(r47_without_a_worker_jobs_wait_for_another_process, r47_a_worker_elsewhere_takes_new_jobs_at_once,);

fn r47_without_a_worker_jobs_wait_for_another_process(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let ids: Vec<_> = (0..10).map(|n| api.enqueue("echo", json!({"value": n}))).collect();
    for id in &ids {
        let status = api.status(id);
        assert_eq!((&status["status"], &status["attempts"]), (&json!("pending"), &json!(0)));
    }
    home.ok(&["work", "--stop-when-empty"]);
    for (n, id) in ids.iter().enumerate() {
        let status = api.status(id);
        assert_eq!((&status["status"], &status["result"]), (&json!("completed"), &json!(n)));
        assert!(!server.process.is(&status["history"][0]["worker"]), "{status}");
    }
    assert_eq!(api.metrics()["processed"], 10);
}

/// An idle worker is woken across processes: it looks by itself only every ten minutes here.
fn r47_a_worker_elsewhere_takes_new_jobs_at_once(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let worker = home.start(&["work", "--sleep", "600"]);
    for n in 0..5 {
        let id = server.api.enqueue("echo", json!({"value": n}));
        let status = server.api.until(&id, "completed");
        assert!(worker.is(&status["history"][0]["worker"]), "{status}");
        // The line may come a moment after the store knows.
        until("its line is printed", Duration::from_secs(5), || {
            worker.stdout().lines().any(|line| line.contains(&id) && line.ends_with("DONE")).then_some(())
        });
    }
}

//! P1: what was answered with 201 outlives the process that answered.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::process::Home;
use crate::support::{on_each_store, until};

const CLIENTS: usize = 200;
/// Answers after which the server is killed.
const ENOUGH: usize = 60;

on_each_store!(p1_every_acknowledged_job_survives_the_server);

fn p1_every_acknowledged_job_survives_the_server(home: &Home) {
    std::fs::write(home.path().join("journeyman.toml"), "worker.lease = 1.5\nworker.heartbeat = 0.4\n").unwrap();
    let mut server = home.serve(&[]);
    let api = server.api;
    let ledger = Mutex::new(Vec::new());
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for n in 0..CLIENTS {
            let (ledger, answered) = (&ledger, &answered);
            scope.spawn(move || {
                let body = json!({"task_type": "echo", "task_data": {"value": n}}).to_string();
                // Whatever ends in an error was never acknowledged.
                while let Ok(answer) = api.try_post(&body) {
                    assert_eq!(answer.status, 201, "{answer:?}");
                    ledger.lock().unwrap().push((answer.json()["task_id"].as_str().unwrap().to_owned(), n));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("the server is busy", Duration::from_secs(30), || {
            (answered.load(Ordering::Relaxed) >= ENOUGH).then_some(())
        });
        server.process.kill();
    });
    let ledger = ledger.into_inner().unwrap();
    assert!(ledger.len() >= ENOUGH);

    let server = home.serve(&[]);
    let mut left = ledger.clone();
    until("every acknowledged job completes", Duration::from_secs(60), || {
        left.retain(|(id, n)| {
            let answer = server.api.get(&format!("/api/queue/status/{id}"));
            assert_eq!(answer.status, 200, "job {id} is lost: {answer:?}");
            let status = answer.json();
            status["status"] != "completed" || status["result"] != *n
        });
        left.is_empty().then_some(())
    });
    let metrics = server.api.metrics();
    let (enqueued, processed) = (metrics["enqueued"].as_u64().unwrap(), metrics["processed"].as_u64().unwrap());
    let acknowledged = u64::try_from(ledger.len()).unwrap();
    let most = acknowledged + u64::try_from(CLIENTS).unwrap();
    assert!((acknowledged..=most).contains(&enqueued), "{acknowledged} acknowledged, {metrics}");
    assert!(processed <= enqueued, "none counts twice: {metrics}");
}

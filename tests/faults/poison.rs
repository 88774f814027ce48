//! P6: whatever way a job kills its process, it does so three times, and nobody else fails by it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{clean, on_every_store};
use crate::support::effort::effort;
use crate::support::process::{Home, Process};
use crate::support::until;

/// Beside `abort`, which has a test of its own.
const WAYS: [&str; 3] = ["exit", "kill", "stack_overflow"];
const WORKERS: usize = 2;
/// Between two poisonous jobs.
const INNOCENTS: usize = 6;
const PATIENCE: Duration = Duration::from_secs(180);

#[test]
fn p6_poison_among_many_ends_after_three_deaths_each_and_nobody_else_fails() {
    on_every_store(Home::with_short_lease, check);
}

fn check(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let (mut poison, mut innocents) = (Vec::new(), Vec::new());
    for round in 0..effort() {
        for by in WAYS {
            poison.push(api.enqueue("aborts_process", json!({"by": by})));
            innocents.extend((0..INNOCENTS).map(|n| match n % 2 {
                0 => api.enqueue("echo", json!({"value": round})),
                _ => api.enqueue("sleep", json!({"seconds": 0.7})),
            }));
        }
    }
    let mut fleet: Vec<Process> = (0..WORKERS).map(|_| start(home)).collect();
    let mut deaths = 0;
    until("all poison has failed", PATIENCE, || {
        // What systemd would do.
        for worker in fleet.iter_mut().filter_map(|worker| (!worker.is_running()).then_some(worker)) {
            deaths += 1;
            *worker = start(home);
        }
        (api.metrics()["processed"] == poison.len() + innocents.len()).then_some(())
    });
    assert!((3..=3 * poison.len()).contains(&deaths), "{deaths} deaths");
    for id in &poison {
        let status = api.until(id, "failed");
        assert_eq!(status["error"]["kind"], "crashed", "{status}");
        let outcomes: Vec<&Value> =
            status["history"].as_array().unwrap().iter().map(|entry| &entry["outcome"]).collect();
        assert_eq!(outcomes, ["worker_lost"; 3], "{status}");
    }
    for id in &innocents {
        let status = api.until(id, "completed");
        assert!(status["history"].as_array().unwrap().len() <= 3, "no more than two deaths: {status}");
    }
    assert_eq!(api.metrics()["failed"], poison.len());
    clean(home);
}

fn start(home: &Home) -> Process {
    home.start(&["work", "--workers", "4"])
}

//! P3: a killed worker's jobs run again.

use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::json;

use super::on_every_store;
use crate::support::process::Home;
use crate::support::until;

/// What P3 promises, and the job's own time.
const PROMISED: Duration = Duration::from_secs(15 + 2);

/// With the default lease: the promise is about what users get.
#[test]
fn p3_the_job_of_a_killed_worker_runs_again_within_15_seconds() {
    on_every_store(|home| home, check);
}

fn check(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let mut workers = [home.start(&["work"]), home.start(&["work"])];
    let id = server.api.enqueue("sleep", json!({"seconds": 2}));
    let running = server.api.until(&id, "reserved");
    let killed = workers.iter_mut().find(|worker| worker.is(&running["worker"])).expect("one of ours runs it");
    killed.kill();
    let clock = Stopwatch::start();

    let status = until("the other worker completes it", PROMISED * 2, || {
        let status = server.api.status(&id);
        (status["status"] == "completed").then_some(status)
    });
    assert!(clock.elapsed() < PROMISED, "took {:?}", clock.elapsed());
    assert_eq!(status["attempts"], 2);
    let history = &status["history"];
    assert_eq!(history.as_array().unwrap().len(), 2, "{history}");
    assert_eq!((&history[0]["outcome"], &history[1]["outcome"]), (&json!("worker_lost"), &json!("completed")));
    let [first, second] = &workers;
    let other = if first.is(&running["worker"]) { second } else { first };
    assert!(other.is(&history[1]["worker"]), "{history}");
    assert_eq!(server.api.metrics()["processed"], 1);
}

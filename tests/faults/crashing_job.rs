//! P6: a job that takes its process down does not do so for ever.

use std::time::Duration;

use serde_json::json;

use super::on_every_store;
use crate::support::process::Home;
use crate::support::until;

#[test]
fn p6_a_job_that_kills_its_process_three_times_fails_for_good_and_its_neighbours_do_not() {
    on_every_store(Home::with_short_lease, check);
}

fn check(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let beside = [(); 3].map(|()| api.enqueue("sleep", json!({"seconds": 3})));
    let deadly = api.enqueue("aborts_process", json!({}));
    let mut worker = home.start(&["work"]);
    let mut deaths = 0;
    let mut harmless = Vec::new();
    let status = until("the deadly job has failed", Duration::from_secs(60), || {
        // What systemd would do.
        if !worker.is_running() {
            deaths += 1;
            harmless.push(api.enqueue("echo", json!({"value": deaths})));
            worker = home.start(&["work"]);
        }
        let status = api.status(&deadly);
        (status["status"] == "failed").then_some(status)
    });
    assert_eq!(status["error"]["kind"], "crashed", "{status}");
    assert_eq!((deaths, &status["attempts"]), (3, &json!(3)), "{status}");
    let outcomes: Vec<_> = status["history"].as_array().unwrap().iter().map(|entry| &entry["outcome"]).collect();
    assert_eq!(outcomes, ["worker_lost"; 3], "{status}");
    for (n, id) in harmless.iter().enumerate() {
        assert_eq!(api.until(id, "completed")["result"], n + 1);
    }
    for id in &beside {
        let status = api.until(id, "completed");
        assert!(status["history"].as_array().unwrap().len() <= 3, "no more than two deaths: {status}");
    }
    assert!(worker.is_running());
}

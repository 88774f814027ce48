//! P4: a worker that sleeps past its lease has nothing more to say about its jobs, be it good or bad.

use std::time::Duration;

use serde_json::{Value, json};

use super::{clean, on_every_store};
use crate::support::http::Api;
use crate::support::process::{Home, Process};
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn p4_a_worker_that_wakes_up_past_its_lease_is_refused_and_lives_on() {
    on_every_store(Home::with_short_lease, check);
}

/// Two jobs that it runs: one that is done soon, and one that fails.
fn begin(api: Api, process: &Process) -> [String; 2] {
    let fails = json!({"task_type": "sleep", "task_data": {"seconds": 60}, "timeout": 1.5, "max_tries": 2,
        "retry_config": {"strategy": "fixed", "delay": 0.1}});
    let fails = api.post(&fails.to_string());
    assert_eq!(fails.status, 201, "{fails:?}");
    let fails = fails.json()["task_id"].as_str().unwrap().to_owned();
    let jobs = [api.enqueue("sleep", json!({"seconds": 1.5})), fails];
    for id in &jobs {
        let status = until("it runs or has run", PATIENCE, || {
            Some(api.status(id)).filter(|status| status["status"] != "pending")
        });
        assert!(status["status"] != "reserved" || process.is(&status["worker"]), "{status}");
    }
    jobs
}

/// Stops the process while it runs two jobs, but not within a transaction, where it would stop everybody who shares its
/// SQLite file. Jobs that end because that took several tries are of no use; how many they were comes first.
fn freeze(process: &Process, home: &Home, api: Api) -> (usize, [String; 2]) {
    let mut of_no_use = 0;
    until("it is stopped between two transactions", PATIENCE, || {
        let jobs = begin(api, process);
        process.signal("STOP");
        let is_free = home.run(&["dispatch", "noop", "{}", "--queue", "probe"]).code == Some(0);
        let run = |id: &String| api.status(id)["status"] == "reserved" && api.status(id)["attempts"] == 1;
        if is_free && jobs.iter().all(run) {
            return Some((of_no_use, jobs));
        }
        process.signal("CONT");
        api.until(&jobs[0], "completed");
        api.until(&jobs[1], "failed");
        of_no_use += 1;
        None
    })
}

fn check(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let mut frozen = home.start(&["work", "--queue", "default"]);
    let (of_no_use, [succeeds, fails]) = freeze(&frozen, home, api);

    let other = home.start(&["work", "--queue", "default"]);
    let success = api.until(&succeeds, "completed");
    assert_eq!((&success["attempts"], &success["history"][0]["outcome"]), (&json!(2), &json!("worker_lost")));
    let failure = api.until(&fails, "failed");
    let outcomes: Vec<&Value> = failure["history"].as_array().unwrap().iter().map(|entry| &entry["outcome"]).collect();
    assert_eq!(outcomes, ["worker_lost", "timeout"], "{failure}");
    for status in [&success, &failure] {
        assert!(other.is(&status["history"][1]["worker"]), "{status}");
    }
    // Alone from here on, so that what runs next shows who is alive.
    drop(other);

    frozen.signal("CONT");
    let next = api.enqueue("echo", json!({"value": "alive"}));
    let by_woken = api.until(&next, "completed");
    assert!(frozen.is(&by_woken["history"][0]["worker"]), "{by_woken}");
    for id in [&succeeds, &fails] {
        until("its late result is refused", PATIENCE, || {
            let text = frozen.stderr() + &frozen.stdout();
            text.lines().any(|line| line.contains(id.as_str())).then_some(())
        });
    }
    assert_eq!((api.status(&succeeds), api.status(&fails)), (success, failure), "not a word has changed");
    let metrics: Value = api.metrics();
    assert_eq!(metrics["processed"], 2 * of_no_use + 3, "{metrics}");
    assert_eq!(metrics["failed"], of_no_use + 1, "{metrics}");
    assert!(frozen.is_running());
    home.ok(&["purge", "probe", "--force"]);
    clean(home);
}

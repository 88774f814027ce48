//! P4: a worker that sleeps past its lease has nothing more to say about the job.

use std::time::Duration;

use serde_json::{Value, json};

use super::on_every_store;
use crate::support::process::{Home, Process};
use crate::support::until;

#[test]
fn p4_a_worker_that_wakes_up_past_its_lease_is_refused_and_lives_on() {
    on_every_store(Home::with_short_lease, check);
}

/// Stops the process, but not within a transaction, where it would stop everybody who shares its SQLite file.
fn freeze(process: &Process, home: &Home) {
    until("it is stopped between two transactions", Duration::from_secs(30), || {
        process.signal("STOP");
        let is_free = home.run(&["dispatch", "noop", "{}", "--queue", "probe"]).code == Some(0);
        if !is_free {
            process.signal("CONT");
        }
        is_free.then_some(())
    });
}

fn check(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let mut frozen = home.start(&["work", "--queue", "default"]);
    let id = api.enqueue("sleep", json!({"seconds": 1.5}));
    assert!(frozen.is(&api.until(&id, "reserved")["worker"]));
    freeze(&frozen, home);

    let other = home.start(&["work", "--queue", "default"]);
    let by_other = api.until(&id, "completed");
    assert_eq!((&by_other["attempts"], &by_other["history"][0]["outcome"]), (&json!(2), &json!("worker_lost")));
    assert!(other.is(&by_other["history"][1]["worker"]), "{by_other}");
    // Alone from here on, so that what runs next shows who is alive.
    drop(other);

    frozen.signal("CONT");
    let next = api.enqueue("echo", json!({"value": "alive"}));
    let by_woken = api.until(&next, "completed");
    assert!(frozen.is(&by_woken["history"][0]["worker"]), "{by_woken}");
    until("its late result is refused", Duration::from_secs(10), || {
        let text = frozen.stderr() + &frozen.stdout();
        (text.contains("another worker")).then_some(())
    });
    assert_eq!(api.status(&id), by_other, "not a word has changed");
    let metrics: Value = api.metrics();
    assert_eq!((&metrics["processed"], &metrics["failed"]), (&json!(2), &json!(0)), "{metrics}");
    assert!(frozen.is_running());
}

//! P1, P5, R19: very many jobs are due at one instant, and whoever makes them pending is killed meanwhile.

use std::time::Duration;

use journeyman::clock::{Clock, Stopwatch, SystemClock};
use serde_json::{Value, json};

use super::{clean, on_every_store};
use crate::support::effort::{effort, replay, seed};
use crate::support::http::Api;
use crate::support::process::{Home, Process};
use crate::support::until;

/// `JOURNEYMAN_TEST_EFFORT=50` makes it a hundred thousand.
const JOBS: usize = 2_000;
const BATCH: usize = 1_000;
const WORKERS: usize = 2;
const SLOTS: usize = 20;
const KILLS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(900);

#[test]
fn p1_jobs_due_at_one_instant_all_run_though_promoters_are_killed() {
    on_every_store(Home::with_short_lease, check);
}

fn check(home: &Home) {
    let count = JOBS * effort() as usize;
    let kills = KILLS * effort().min(5) as usize;
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    // After all of them are stored, at about the speed of a debug build.
    let due = SystemClock::default().now().plus(Duration::from_secs(4) + Duration::from_millis(2) * count as u32);
    let pushing = Stopwatch::start();
    for first in (0..count).step_by(BATCH) {
        let tasks: Vec<Value> = (first..count.min(first + BATCH))
            .map(|_| json!({"task_type": "noop", "run_at": due.to_rfc3339()}))
            .collect();
        let answer = api.post_to("/api/queue/enqueue/batch", &json!({"tasks": tasks}).to_string()).unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let pushed = pushing.elapsed();
    let numbers = api.get("/api/queue/stats").json()["queues"]["default"].clone();
    assert_eq!(numbers["delayed"], count, "stored before the first is due: {numbers}");
    let mut fleet: Vec<Process> = (0..WORKERS).map(|_| start(home)).collect();
    until("they come due", PATIENCE, || (SystemClock::default().now() >= due).then_some(()));

    let clock = Stopwatch::start();
    for kill in 0..kills {
        until("the work goes on", PATIENCE, || (processed(api) >= count * kill / kills).then_some(()));
        let victim = (seed() as usize + kill) % WORKERS;
        fleet[victim].kill();
        fleet[victim] = start(home);
    }
    until(&format!("every job has run ({})", replay()), PATIENCE, || (processed(api) >= count).then_some(()));
    let took = clock.elapsed();
    let metrics = api.metrics();
    assert_eq!((&metrics["enqueued"], &metrics["processed"]), (&json!(count), &json!(count)), "{metrics}");
    assert_eq!(metrics["failed"], 0, "{metrics}");
    let again = metrics["retried"].as_u64().unwrap();
    // A worker holds what runs and what waits to be settled.
    let held = kills * SLOTS * 2;
    assert!(again <= held as u64, "{again} ran twice, {held} at most were in flight: {metrics}");
    clean(home);
    #[expect(clippy::print_stdout, reason = "figures for whoever runs it by hand")]
    {
        let store = std::thread::current().name().unwrap().to_owned();
        println!("{store}: {count} jobs pushed in {pushed:?}, ran in {took:?} with {kills} kills; {again} ran twice");
    }
}

fn start(home: &Home) -> Process {
    home.start(&["work", "--workers", &SLOTS.to_string()])
}

fn processed(api: Api) -> usize {
    usize::try_from(api.metrics()["processed"].as_u64().unwrap()).unwrap()
}

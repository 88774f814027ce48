//! How a worker stops.

use std::sync::Arc;
use std::time::Duration;

use journeyman::clock::SystemClock;
use journeyman::drivers::memory::MemoryStore;
use journeyman::queue::State;
use journeyman::testing::{Fault, FaultyStore, Operation};
use journeyman::worker::{Until, WorkerOptions};

use super::Rig;
use super::jobs::{Block, Wait, Write};
use crate::support::eventually;

fn wait(name: &str) -> Wait {
    Wait { name: name.into() }
}

/// R48: what runs may finish within the grace period.
#[tokio::test]
async fn r48_a_running_job_may_finish() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&wait("a")).await;
    rig.until_noted("a started").await;
    let stopping = tokio::spawn(worker.stop());
    rig.diary.open_gate();
    stopping.await.unwrap();
    assert_eq!(rig.record(id).await.state, State::Completed);
}

/// R48: past the grace period it goes back, at no cost, and runs again at once elsewhere.
#[tokio::test]
async fn r48_a_job_past_the_grace_period_goes_back_without_using_an_attempt() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { grace: Duration::from_millis(50), ..rig.options() });
    let long = rig.push(&wait("a")).await;
    rig.until_noted("a started").await;
    worker.stop().await;
    let record = rig.record(long).await;
    assert_eq!((record.state, record.attempts), (State::Pending, 0));
    assert_eq!(record.trail.history[0].outcome, "requeued");
    assert_eq!(rig.diary.notes(), ["a started", "a dropped"]);
    let next = rig.start();
    eventually("it runs again", async || rig.diary.count("a started") == 2).await;
    rig.diary.open_gate();
    assert_eq!(rig.until(long, State::Completed).await.attempts, 1);
    next.stop().await;
}

/// R48: code that blocks a thread cannot hold up the end; its late result goes nowhere.
#[tokio::test]
async fn r48_a_blocking_job_does_not_hold_up_the_end() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { grace: Duration::from_millis(50), ..rig.options() });
    let id = rig.push(&Block { millis: 1500 }).await;
    eventually("it runs", async || worker.pool().utilization() > 0.0).await;
    tokio::time::timeout(Duration::from_secs(1), worker.stop()).await.unwrap();
    assert_eq!(rig.record(id).await.state, State::Pending);
    eventually("the thread ends after all", async || rig.diary.count("blocked") == 1).await;
    assert_eq!(rig.record(id).await.state, State::Pending);
}

/// R48: nothing is reserved once the worker stops.
#[tokio::test]
async fn r48_a_stopping_worker_reserves_nothing() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { slots: 1, ..rig.options() });
    rig.push(&wait("a")).await;
    rig.until_noted("a started").await;
    let waiting = rig.push(&wait("b")).await;
    let stopping = tokio::spawn(worker.stop());
    tokio::task::yield_now().await;
    rig.diary.open_gate();
    stopping.await.unwrap();
    let record = rig.record(waiting).await;
    assert_eq!((record.state, record.attempts), (State::Pending, 0));
}

/// R48, P11: not even by a call that was about to be made when the worker was told.
#[tokio::test]
async fn r48_a_worker_that_is_told_to_stop_while_it_looks_for_queues_reserves_nothing() {
    let memory = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
    let faulty = Arc::new(FaultyStore::new(memory));
    let rig = Rig::on(Arc::<FaultyStore>::clone(&faulty));
    let id = rig.push(&Write { text: "x".into() }).await;
    // Whoever reads first, the worker's first look is among these.
    (0..10).for_each(|_| faulty.plan(Operation::Read, Fault::Late(Duration::from_millis(500))));
    let worker = rig.work(WorkerOptions { all_queues: true, ..rig.options() });
    eventually("it looks", async || faulty.pending() < 10).await;
    worker.stop().await;
    let record = rig.record(id).await;
    assert_eq!((record.state, record.attempts, rig.diary.count("x")), (State::Pending, 0, 0));
}

/// R46: `--max-jobs` is exact.
#[tokio::test]
async fn r46_a_worker_stops_after_so_many_jobs() {
    let rig = Rig::new();
    for _ in 0..7 {
        rig.push(&Write { text: "x".into() }).await;
    }
    let until = Until { max_jobs: Some(3), ..Until::default() };
    let worker = rig.work(WorkerOptions { until, ..rig.options() });
    worker.finished().await;
    worker.stop().await;
    assert_eq!(rig.diary.count("x"), 3);
}

/// R46: `--stop-when-empty` runs everything first, retries included.
#[tokio::test]
async fn r46_a_worker_stops_when_nothing_is_left() {
    let rig = Rig::new();
    for _ in 0..20 {
        rig.push(&Write { text: "x".into() }).await;
    }
    let until = Until { empty: true, ..Until::default() };
    let worker = rig.work(WorkerOptions { until, slots: 3, ..rig.options() });
    worker.finished().await;
    worker.stop().await;
    assert_eq!(rig.diary.count("x"), 20);
}

/// R46: `--max-time`.
#[tokio::test]
async fn r46_a_worker_stops_after_so_much_time() {
    let rig = Rig::new();
    let until = Until { max_time: Some(Duration::from_millis(100)), ..Until::default() };
    let worker = rig.work(WorkerOptions { until, ..rig.options() });
    tokio::time::timeout(Duration::from_secs(2), worker.finished()).await.unwrap();
    worker.stop().await;
}

/// R46: a worker that stops by itself cuts nothing off.
#[tokio::test]
async fn r46_a_worker_that_has_had_its_time_finishes_what_it_runs() {
    let rig = Rig::new();
    let id = rig.push(&wait("long")).await;
    let until = Until { max_time: Some(Duration::from_millis(100)), ..Until::default() };
    let worker = rig.work(WorkerOptions { until, grace: Duration::ZERO, ..rig.options() });
    rig.until_noted("long started").await;
    worker.finished().await;
    assert!(tokio::time::timeout(Duration::from_millis(50), worker.drained()).await.is_err(), "it still runs");
    rig.diary.open_gate();
    tokio::time::timeout(Duration::from_secs(2), worker.drained()).await.unwrap();
    let record = rig.record(id).await;
    assert_eq!((record.state, record.attempts), (State::Completed, 1), "and it is settled");
    worker.stop().await;
}

/// R47: as a library. What nobody can stop any more must not go on.
#[tokio::test]
async fn r47_a_dropped_worker_gives_back_what_it_runs_and_takes_nothing_more() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&wait("a")).await;
    rig.until_noted("a started").await;
    drop(worker);
    let record = rig.until(id, State::Pending).await;
    assert_eq!((record.attempts, rig.diary.count("a dropped")), (0, 1));
}

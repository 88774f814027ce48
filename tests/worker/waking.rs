//! An idle worker is told; it does not keep asking.

use std::time::Duration;

use journeyman::job::Dispatch;
use journeyman::queue::State;
use journeyman::worker::WorkerOptions;

use super::jobs::Write;
use super::{Rig, queue};

/// So long that only a wake-up can be the reason for an early start.
const LONG: Duration = Duration::from_secs(3600);

fn write() -> Write {
    Write { text: "woken".into() }
}

/// No busy polling: the push itself wakes the worker.
#[tokio::test]
async fn a_push_wakes_an_idle_worker() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { sleep: LONG, ..rig.options() });
    for _ in 0..20 {
        let id = rig.push(&write()).await;
        rig.until(id, State::Completed).await;
    }
    worker.stop().await;
}

/// R19: an idle worker sleeps until the next job is due, and is told when an earlier one comes in.
#[tokio::test]
async fn r19_a_delayed_job_starts_when_it_is_due() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { sleep: LONG, ..rig.options() });
    rig.send(Dispatch::new(&write()).unwrap().delay(LONG)).await;
    let delay = Duration::from_millis(120);
    let id = rig.send(Dispatch::new(&write()).unwrap().delay(delay)).await;
    let record = rig.until(id, State::Completed).await;
    let started = record.started_at.unwrap();
    assert!(started >= record.available_at, "not before it is due");
    assert!(started.since(record.available_at) < Duration::from_millis(100), "and soon after");
    assert_eq!(record.available_at.since(record.created_at), delay);
    worker.stop().await;
}

/// R18: queues that come up later are served too, where the worker is told to serve all.
#[tokio::test]
async fn r18_a_queue_made_by_its_first_push_is_served() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { sleep: LONG, all_queues: true, ..rig.options() });
    for name in ["never", "seen", "before"] {
        let id = rig.send(Dispatch::new(&write()).unwrap().on_queue(queue(name))).await;
        rig.until(id, State::Completed).await;
    }
    worker.stop().await;
}

/// R46: a worker that names its queues leaves the others alone.
#[tokio::test]
async fn r46_other_queues_are_left_alone() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { queues: vec![queue("mine")], ..rig.options() });
    let other = rig.send(Dispatch::new(&write()).unwrap().on_queue(queue("other"))).await;
    let mine = rig.send(Dispatch::new(&write()).unwrap().on_queue(queue("mine"))).await;
    rig.until(mine, State::Completed).await;
    assert_eq!(rig.record(other).await.state, State::Pending);
    worker.stop().await;
}

/// R17, R18: a worker with more than it can do still hears of a new queue, and of what is urgent there.
#[tokio::test]
async fn r17_a_busy_worker_hears_of_a_new_urgent_queue() {
    let rig = Rig::new();
    for _ in 0..1000 {
        rig.push(&super::jobs::Wait { name: "a".into() }).await;
    }
    let worker = rig.work(WorkerOptions { slots: 1, all_queues: true, ..rig.options() });
    rig.until_noted("a started").await;
    let urgent = Dispatch::new(&write()).unwrap().on_queue(queue("urgent"));
    rig.send(urgent.priority(journeyman::job::Priority::Critical)).await;
    crate::support::eventually("the urgent job runs", async || {
        rig.diary.open_gate();
        rig.diary.count("woken") == 1
    })
    .await;
    assert!(rig.diary.count("a started") < 1000, "before the backlog is done");
    worker.stop().await;
}

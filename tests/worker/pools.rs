//! R18: slots set apart by queue.

use std::sync::Arc;
use std::time::Duration;

use journeyman::job::Dispatch;
use journeyman::queue::operations::{Busy, Operations, Reason};
use journeyman::queue::{State, WorkerView};
use journeyman::worker::{Pool, WorkerOptions};

use super::jobs::{Wait, Write};
use super::{QueueName, Rig};
use crate::support::eventually;

fn pool(queue: &str, slots: usize) -> Pool {
    Pool { queues: vec![QueueName::new(queue).unwrap()], slots }
}

fn to(queue: &str, dispatch: Dispatch) -> Dispatch {
    dispatch.on_queue(QueueName::new(queue).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r18_a_worker_tells_how_busy_each_pool_is_and_what_waits_for_a_full_one_is_told_so() {
    let rig = Rig::new();
    let presence = Duration::from_millis(50);
    let pools = vec![pool("slow", 1), pool("default", 2)];
    let worker = rig.work(WorkerOptions { pools, all_queues: true, presence, ..rig.options() });
    let wait = || Dispatch::new(&Wait { name: "slow".into() }).unwrap();
    let first = rig.send(to("slow", wait())).await;
    rig.until(first, State::Reserved).await;
    let operations = Operations::new(Arc::clone(&rig.store), []);
    let shown = async || {
        let views = operations.workers().await.unwrap();
        let of = |view: &WorkerView| view.pools.iter().map(|pool| (pool.slots, pool.busy)).collect::<Vec<_>>();
        views.first().map(of).unwrap_or_default()
    };
    eventually("it tells of the pools", async || shown().await == [(1, 1), (2, 0)]).await;
    let second = rig.record(rig.send(to("slow", wait())).await).await;
    let told = operations.explain(&second).await.unwrap();
    assert_eq!(told.reasons, [Reason::WorkersBusy(Busy { slots: 1, jobs: vec![first] })]);
    rig.diary.open_gate();
    rig.until(second.id, State::Reserved).await;
    rig.diary.open_gate();
    rig.until(second.id, State::Completed).await;
    eventually("it tells of their ends", async || shown().await == [(1, 0), (2, 0)]).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r18_a_full_pool_takes_no_slot_of_another() {
    let rig = Rig::new();
    let worker =
        rig.work(WorkerOptions { pools: vec![pool("slow", 1), pool("default", 1)], all_queues: true, ..rig.options() });
    let wait = || Dispatch::new(&Wait { name: "slow".into() }).unwrap();
    let first = rig.send(to("slow", wait())).await;
    let second = rig.send(to("slow", wait())).await;
    rig.until(first, State::Reserved).await;
    // The other pool is free for its own queue, and for one that no pool names.
    let quick = || Dispatch::new(&Write { text: "quick".into() }).unwrap();
    let quick = [rig.send(quick()).await, rig.send(to("unnamed", quick())).await];
    for id in quick {
        rig.until(id, State::Completed).await;
    }
    assert_eq!(rig.record(second).await.state, State::Pending);
    rig.diary.open_gate();
    rig.until(first, State::Completed).await;
    rig.until(second, State::Reserved).await;
    rig.diary.open_gate();
    rig.until(second, State::Completed).await;
    tokio::time::timeout(Duration::from_secs(5), worker.stop()).await.unwrap();
}

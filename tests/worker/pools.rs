//! R18: slots set apart by queue.

use std::time::Duration;

use journeyman::job::Dispatch;
use journeyman::queue::State;
use journeyman::worker::{Pool, WorkerOptions};

use super::jobs::{Wait, Write};
use super::{QueueName, Rig};

fn pool(queue: &str, slots: usize) -> Pool {
    Pool { queues: vec![QueueName::new(queue).unwrap()], slots }
}

fn to(queue: &str, dispatch: Dispatch) -> Dispatch {
    dispatch.on_queue(QueueName::new(queue).unwrap())
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

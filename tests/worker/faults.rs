//! A store that fails, or does its work and does not say so.

use std::sync::Arc;
use std::time::Duration;

use journeyman::clock::SystemClock;
use journeyman::drivers::memory::MemoryStore;
use journeyman::job::QueueName;
use journeyman::queue::State;
use journeyman::testing::{Fault, FaultyStore, Operation};
use journeyman::worker::WorkerOptions;

use super::Rig;
use super::jobs::{Wait, Write};
use super::leases::{LEASE, reserve_and_die};
use crate::support::eventually;

fn rig() -> (Rig, Arc<FaultyStore>) {
    let memory = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
    let faulty = Arc::new(FaultyStore::new(memory));
    (Rig::on(Arc::<FaultyStore>::clone(&faulty)), faulty)
}

async fn completed_once(rig: &Rig, id: journeyman::job::JobId) {
    let record = rig.until(id, State::Completed).await;
    assert_eq!(record.attempts, 1);
    assert_eq!(rig.diary.notes(), ["once"]);
    let stats = rig.store.stats(&[QueueName::default()]).await.unwrap();
    assert_eq!((stats[0].counters.processed, stats[0].reserved), (1, 0));
}

/// Store rule 5: an answer that was lost is asked for again, under the same name.
#[tokio::test]
async fn a_lost_answer_to_reserve_loses_no_job_and_no_attempt() {
    for fault in [Fault::Before, Fault::After] {
        let (rig, faulty) = rig();
        let id = rig.push(&Write { text: "once".into() }).await;
        faulty.plan(Operation::Reserve, fault);
        faulty.plan(Operation::Reserve, fault);
        let worker = rig.start();
        completed_once(&rig, id).await;
        assert_eq!(faulty.pending(), 0);
        worker.stop().await;
    }
}

/// Store rule 5: a settlement is told until it is heard, and counts once.
#[tokio::test]
async fn a_lost_answer_to_settle_counts_once() {
    for fault in [Fault::Before, Fault::After] {
        let (rig, faulty) = rig();
        faulty.plan(Operation::Settle, fault);
        faulty.plan(Operation::Settle, fault);
        let worker = rig.start();
        let id = rig.push(&Write { text: "once".into() }).await;
        // An answer that is lost after the work was done leaves a repetition to come.
        eventually("every planned fault came to pass", async || faulty.pending() == 0).await;
        completed_once(&rig, id).await;
        worker.stop().await;
    }
}

/// R13 of the catalogue: what a lost answer handed to a worker that stops before it can ask again is given back by its
/// last beat, without using an attempt.
#[tokio::test]
async fn a_stopping_worker_gives_back_what_a_lost_answer_handed_out() {
    let (rig, faulty) = rig();
    let id = rig.push(&Write { text: "once".into() }).await;
    for _ in 0..1000 {
        faulty.plan(Operation::Reserve, Fault::After);
    }
    let worker = rig.work(WorkerOptions { grace: Duration::from_millis(50), ..rig.options() });
    rig.until(id, State::Reserved).await;
    worker.stop().await;
    let record = rig.record(id).await;
    assert_eq!((record.state, record.attempts), (State::Pending, 0));
    assert!(rig.diary.notes().is_empty());
}

/// Beats that fail for a while cost nothing as long as one gets through within the lease.
#[tokio::test]
async fn a_few_lost_beats_cost_nothing() {
    let (rig, faulty) = rig();
    let worker = rig.start();
    let id = rig.push(&Wait { name: "a".into() }).await;
    rig.until_noted("a started").await;
    for _ in 0..4 {
        faulty.plan(Operation::Extend, Fault::Before);
    }
    eventually("the beats were lost", async || faulty.pending() == 0).await;
    rig.diary.open_gate();
    assert_eq!(rig.until(id, State::Completed).await.attempts, 1);
    worker.stop().await;
}

/// P12: a store may answer whoever asks and refuse all that writes, as one on a full disk does. Where a reaper's own worker
/// cannot beat, no other is taken for dead.
#[tokio::test]
async fn p12_a_reaper_whose_own_beats_are_refused_takes_nothing_over() {
    let (rig, faulty) = rig();
    let queues = vec![super::queue("elsewhere")];
    // Refused for some three leases.
    (0..25).for_each(|_| faulty.plan(Operation::Extend, Fault::Before));
    let id = rig.push(&Write { text: "once".into() }).await;
    let held = reserve_and_die(&rig, 1).await;
    let worker = rig.work(WorkerOptions { lease: LEASE, heartbeat: LEASE / 3, queues, ..rig.options() });
    eventually("all beats were refused", async || {
        assert_eq!(rig.record(id).await.attempts, 1);
        assert_eq!(rig.record(id).await.worker.as_deref(), Some("doomed-1"));
        faulty.pending() == 0
    })
    .await;
    assert!(held.len() == 1 && rig.record(id).await.trail.crashes == 0);
    // Once they get through, the dead are found as ever.
    eventually("its death is stored", async || rig.record(id).await.trail.crashes == 1).await;
    worker.stop().await;
}

/// A push whose answer is lost is an error to the caller, who knows that it may have happened.
#[tokio::test]
async fn a_lost_answer_to_push_is_told_as_such() {
    let (rig, faulty) = rig();
    faulty.plan(Operation::Push, Fault::After);
    let error = rig.manager.push(&Write { text: "x".into() }).await.unwrap_err().to_string();
    assert!(error.contains("did not answer in time"), "{error}");
    assert_eq!(rig.store.stats(&[QueueName::default()]).await.unwrap()[0].total_pending(), 1);
}

/// P5: a result that the store refuses is kept and told again; the job does not run twice meanwhile.
#[tokio::test]
async fn p5_a_refused_settlement_is_kept_until_the_store_takes_it() {
    let (rig, faulty) = rig();
    for _ in 0..4 {
        faulty.plan(Operation::Settle, Fault::Refused);
    }
    let worker = rig.start();
    let id = rig.push(&Write { text: "once".into() }).await;
    completed_once(&rig, id).await;
    assert_eq!(faulty.pending(), 0);
    worker.stop().await;
}

/// R48: jobs that an answer brings in after the stop has begun are run or given back, not left to their lease.
#[tokio::test]
async fn r48_a_reserve_under_way_at_the_stop_leaves_nothing_behind() {
    let (rig, faulty) = rig();
    let id = rig.push(&Wait { name: "a".into() }).await;
    faulty.plan(Operation::Reserve, Fault::Late(Duration::from_millis(300)));
    let worker = rig.work(WorkerOptions { grace: Duration::from_millis(600), ..rig.options() });
    rig.until(id, State::Reserved).await;
    assert!(rig.diary.notes().is_empty(), "the answer is still on its way");
    worker.stop().await;
    let record = rig.record(id).await;
    assert_eq!((record.state, record.attempts), (State::Pending, 0));
}

/// What has ended and is not settled runs again if the worker dies, so a store that takes no settlement for a while must
/// not make a worker run on and on.
#[tokio::test]
async fn p5_what_has_ended_and_is_not_settled_stays_within_its_bound() {
    const JOBS: u64 = 300;
    const SLOTS: u64 = 4;
    let (rig, faulty) = rig();
    for _ in 0..6 {
        faulty.plan(Operation::Settle, Fault::Before);
    }
    for _ in 0..JOBS {
        rig.push(&Write { text: "ran".into() }).await;
    }
    let worker = rig.work(WorkerOptions { slots: SLOTS as usize, ..rig.options() });
    let mut most = 0;
    eventually("all jobs complete", async || {
        let stats = rig.store.stats(&[QueueName::default()]).await.unwrap().remove(0);
        most = most.max(stats.reserved);
        stats.counters.processed == JOBS
    })
    .await;
    assert_eq!((faulty.pending(), rig.diary.notes().len() as u64), (0, JOBS));
    let bound = SLOTS + 3 * (2 * SLOTS + 16);
    assert!((SLOTS + 1..=bound).contains(&most), "{most} were held at once");
    worker.stop().await;
}

//! Dead, deaf and slow workers.

use std::sync::Arc;
use std::time::Duration;

use journeyman::clock::ManualClock;
use journeyman::job::{Dispatch, ErrorKind, JobId, Priority, QueueName};
use journeyman::queue::{CallId, ReserveRequest, ReservedJob, Settle, Settled, Settlement, State, WorkerId};

use super::Rig;
use super::jobs::{Fail, Wait, Write};
use crate::support::eventually;

pub(super) const LEASE: Duration = Duration::from_millis(400);

/// Reserves what there is for a worker that will never be heard of again.
pub(super) async fn reserve_and_die(rig: &Rig, call: u64) -> Vec<ReservedJob> {
    let worker = WorkerId::new(&format!("doomed-{call}")).unwrap();
    let queues = [QueueName::default()];
    let call = CallId(call);
    let request = ReserveRequest {
        worker: &worker,
        queues: &queues,
        order: Priority::DESCENDING,
        max: 10,
        lease: LEASE,
        call,
        is_repeat: false,
    };
    rig.store.reserve(&request).await.unwrap().jobs
}

fn settle(job: &ReservedJob) -> Settle {
    let (reservation, trail) = (job.reservation.clone(), job.trail.clone());
    Settle { reservation, settlement: Settlement::Complete, trail, counted: None, then: Vec::new() }
}

pub(super) async fn kill_a_worker_under(rig: &Rig, id: JobId, call: u64) {
    eventually("the job can be reserved", async || !reserve_and_die(rig, call).await.is_empty()).await;
    assert_eq!(rig.record(id).await.state, State::Reserved);
}

/// P3: the job of a dead worker runs again, by a worker that was there all along; P4: the dead one's word counts no more.
#[tokio::test]
async fn p3_a_dead_workers_job_runs_again_and_its_late_settle_is_refused() {
    let rig = Rig::new();
    let id = rig.push(&Write { text: "again".into() }).await;
    let doomed = reserve_and_die(&rig, 1).await;
    let worker = rig.work(journeyman::worker::WorkerOptions { lease: LEASE, heartbeat: LEASE / 4, ..rig.options() });
    let record = rig.until(id, State::Completed).await;
    assert_eq!((record.attempts, record.trail.crashes), (2, 1));
    let lost = &record.trail.history[0];
    assert_eq!((lost.outcome.as_str(), lost.worker.as_str()), ("worker_lost", "doomed-1"));
    assert_eq!(lost.started_at, doomed[0].reserved_at);
    assert_eq!(
        record.trail.first_started_at,
        Some(doomed[0].reserved_at),
        "the total budget runs from the first start"
    );
    assert_eq!(rig.store.settle(&[settle(&doomed[0])]).await.unwrap(), [Settled::Stale]);
    assert_eq!(rig.record(id).await, record, "a stale settle writes nothing");
    worker.stop().await;
}

/// P6: three dead workers are the end of a job, and `failed` hears of it.
#[tokio::test]
async fn p6_a_job_that_kills_three_workers_fails_for_good() {
    let rig = Rig::new();
    let id = rig.send(Dispatch::new(&Fail::new("fine", 0)).unwrap()).await;
    // Each death is noticed by a worker that serves another queue, so that it never runs the job itself.
    let elsewhere = vec![super::queue("elsewhere")];
    let worker = rig.work(journeyman::worker::WorkerOptions {
        lease: LEASE,
        heartbeat: LEASE / 4,
        queues: elsewhere,
        ..rig.options()
    });
    for death in 1..=3 {
        kill_a_worker_under(&rig, id, death).await;
    }
    eventually("the last death is stored", async || rig.record(id).await.trail.crashes == 3).await;
    let teller = rig.start();
    let record = rig.until(id, State::Failed).await;
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::Crashed);
    assert_eq!((record.attempts, record.trail.crashes), (3, 3));
    assert_eq!(
        rig.diary.notes(),
        ["failed: 3 workers died while they ran it; the last: the worker that ran it died or \
                                    fell silent, fresh: true"]
    );
    teller.stop().await;
    worker.stop().await;
}

/// Lets the lease of the running job "a" end between two beats, and gives it to another.
async fn steal_what_runs(rig: &Rig, clock: &ManualClock) {
    rig.until_noted("a started").await;
    let thief = WorkerId::new("thief").unwrap();
    eventually("the thief gets in between two beats", async || {
        clock.advance(Duration::from_secs(2));
        let lease = Duration::from_secs(3600);
        let call = CallId(7);
        let request = ReserveRequest {
            worker: &thief,
            queues: &[],
            order: Priority::DESCENDING,
            max: 1,
            lease,
            call,
            is_repeat: false,
        };
        !rig.store.reclaim(&request).await.unwrap().is_empty()
    })
    .await;
    rig.until_noted("a dropped").await;
}

/// R46: a worker that was to run one job ends even if that job was taken from it.
#[tokio::test]
async fn r46_max_jobs_ends_also_after_a_lost_lease() {
    let clock = Arc::new(ManualClock::default());
    let rig = Rig::with_clock(Arc::<ManualClock>::clone(&clock));
    let until = journeyman::worker::Until { max_jobs: Some(1), ..journeyman::worker::Until::default() };
    let worker = rig.work(journeyman::worker::WorkerOptions { until, ..rig.options() });
    rig.push(&Wait { name: "a".into() }).await;
    steal_what_runs(&rig, &clock).await;
    tokio::time::timeout(Duration::from_secs(2), worker.finished()).await.unwrap();
    worker.stop().await;
}

/// A worker that hears from its beat that a job is another's stops running it and gets its slot back.
#[tokio::test]
async fn p4_a_job_whose_lease_is_lost_is_cancelled() {
    let clock = Arc::new(ManualClock::default());
    let rig = Rig::with_clock(Arc::<ManualClock>::clone(&clock));
    let worker = rig.work(journeyman::worker::WorkerOptions { slots: 1, ..rig.options() });
    let id = rig.push(&Wait { name: "a".into() }).await;
    steal_what_runs(&rig, &clock).await;
    let record = rig.record(id).await;
    assert_eq!((record.state, record.worker.as_deref()), (State::Reserved, Some("thief")));
    let other = rig.push(&Write { text: "slot free".into() }).await;
    rig.until(other, State::Completed).await;
    worker.stop().await;
}

/// P12: a worker that was merely out of touch keeps its jobs: for one lease after anything unusual nothing is taken over.
#[tokio::test]
async fn p12_a_reaper_that_has_just_started_takes_nothing_over() {
    let clock = Arc::new(ManualClock::default());
    let rig = Rig::with_clock(Arc::<ManualClock>::clone(&clock));
    let id = rig.push(&Wait { name: "a".into() }).await;
    let mut living = reserve_and_die(&rig, 1).await;
    clock.advance(Duration::from_secs(3600));
    let elsewhere = vec![super::queue("elsewhere")];
    let lease = Duration::from_secs(60);
    let reaper = rig.work(journeyman::worker::WorkerOptions { lease, queues: elsewhere, ..rig.options() });
    let ran = rig.send(Dispatch::new(&Write { text: "up".into() }).unwrap().on_queue(super::queue("elsewhere"))).await;
    rig.until(ran, State::Completed).await;
    tokio::time::timeout(Duration::from_millis(1500), std::future::pending::<()>()).await.unwrap_err();
    assert_eq!(rig.record(id).await.state, State::Reserved);
    assert_eq!(rig.store.settle(&[settle(&living.remove(0))]).await.unwrap(), [Settled::Done]);
    reaper.stop().await;
}

/// P6: a neighbour's death is not its own, whatever it says of tries.
#[tokio::test]
async fn p6_a_job_with_a_single_try_outlives_a_worker() {
    let rig = Rig::new();
    let id = rig.send(Dispatch::new(&Write { text: "after all".into() }).unwrap().max_tries(1)).await;
    kill_a_worker_under(&rig, id, 1).await;
    let worker = rig.work(journeyman::worker::WorkerOptions { lease: LEASE, heartbeat: LEASE / 4, ..rig.options() });
    let record = rig.until(id, State::Completed).await;
    assert_eq!((record.attempts, record.trail.crashes), (1, 1));
    worker.stop().await;
}

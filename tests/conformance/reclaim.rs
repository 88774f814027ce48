//! Rescuing what dead workers held.

use journeyman::job::Priority;
use std::sync::Arc;

use journeyman::queue::{CallId, ReserveRequest, Settled, Settlement, State};
use tokio::sync::Barrier;

use super::harness::{Harness, LEASE, WORKER, reservations, with_trail, worker_id};
use super::jobs::{Ids, QUEUE, queues, seconds};

/// P3, P5
pub async fn nothing_is_reclaimed_before_the_lease_ends(h: &Harness) {
    let held = h.held().await;
    h.advance(LEASE - seconds(1));
    assert!(h.reclaim("reaper").await.is_empty());
    h.done(&held, Settlement::Complete).await;
}

/// P3, S9: the jobs of a dead worker pass on under fresh tokens; no attempt has begun.
pub async fn a_dead_workers_jobs_pass_on(h: &Harness) {
    for name in ["a", "b"] {
        h.push_to(name, 3).await;
    }
    let dead = h.reserve_as(WORKER, &["a", "b"], 6).await;
    h.outlive_leases();
    let call = h.call();
    let mut rescued = h.sweep("reaper", 9, call, false).await;
    rescued.sort_by_key(|job| dead.ids().iter().position(|id| *id == job.reservation.job));
    assert_eq!(rescued.ids(), dead.ids());
    for (job, before) in rescued.iter().zip(&dead) {
        let reservation = &job.reservation;
        assert_eq!((reservation.token.attempt, reservation.token.call), (1, call));
        assert_eq!((reservation.worker.as_str(), &reservation.queue), ("reaper", &before.reservation.queue));
        assert_eq!(reservation.priority, before.reservation.priority);
        let record = h.record(reservation.job).await;
        assert_eq!((record.state, record.worker.as_deref()), (State::Reserved, Some("reaper")));
        assert_eq!(record.attempts, 1);
        h.done(job, Settlement::Complete).await;
    }
}

/// P1, S6
pub async fn a_reclaimed_job_keeps_body_and_trail(h: &Harness) {
    let held = h.held().await;
    let trail = r#"{ "c":1 }"#;
    h.settle_all(&[with_trail(&held, super::harness::release(0), trail.into())]).await;
    let dead = h.take().await;
    h.outlive_leases();
    let rescued = h.reclaim("reaper").await;
    assert_eq!((&rescued[0].body, rescued[0].trail.as_ref()), (&dead.body, trail.as_bytes()));
    assert_eq!(rescued[0].reservation.token.attempt, 2);
}

/// R31, P10: the reservation is new, the attempt is not: it began when the dead worker took the job.
pub async fn a_reclaim_begins_no_attempt(h: &Harness) {
    let dead = h.held().await;
    h.outlive_leases();
    let rescued = h.reclaim("reaper").await;
    assert_eq!(rescued[0].reserved_at, h.now());
    let lost = rescued[0].lost.as_ref().unwrap();
    assert_eq!((lost.worker.as_str(), lost.started_at), (WORKER, dead.reserved_at));
    assert_eq!(h.record(dead.reservation.job).await.started_at, Some(dead.reserved_at));
}

/// S8
pub async fn a_reclaim_is_bounded_and_the_rest_comes_next(h: &Harness) {
    let mut ids = h.push(5).await;
    h.reserve(5).await;
    h.outlive_leases();
    let mut rescued = Vec::new();
    for expected in [2, 2, 1, 0] {
        let jobs = h.sweep("reaper", 2, h.call(), false).await;
        assert_eq!(jobs.len(), expected);
        rescued.extend(jobs.ids());
    }
    rescued.sort();
    ids.sort();
    assert_eq!(rescued, ids);
}

/// P3: several may die at once.
pub async fn every_dead_worker_is_swept(h: &Harness) {
    h.push(3).await;
    for worker in ["w1", "w2", "w3"] {
        h.take_as(worker).await;
    }
    h.outlive_leases();
    let mut rescued = 0;
    for _ in 0..3 {
        rescued += h.reclaim("reaper").await.len();
    }
    assert_eq!(rescued, 3);
}

/// P5
pub async fn a_living_workers_jobs_are_left_alone(h: &Harness) {
    h.push(2).await;
    let dead = h.take_as("dead").await;
    let alive = [h.take_as("alive").await];
    h.advance(LEASE - seconds(1));
    h.beat("alive", &reservations(&alive)).await;
    h.advance(seconds(2));
    assert_eq!(h.reclaim("reaper").await.ids(), [dead.reservation.job]);
    h.done(&alive[0], Settlement::Complete).await;
}

/// P3, P6: the reaper may die of the job too.
pub async fn a_dead_reapers_jobs_pass_on_again(h: &Harness) {
    let dead = h.held().await;
    for reaper in ["reaper-1", "reaper-2", "reaper-3"] {
        h.outlive_leases();
        let rescued = h.reclaim(reaper).await;
        assert_eq!(rescued.ids(), [dead.reservation.job], "{reaper}");
        assert_eq!(rescued[0].reservation.token.attempt, 1);
        h.advance(LEASE - seconds(1));
        assert!(h.reclaim("someone").await.is_empty(), "{reaper} still has its lease");
    }
}

/// P3: the reaper's own beat keeps what it rescued, and knows it.
pub async fn a_reaper_holds_what_it_rescued(h: &Harness) {
    h.held().await;
    h.outlive_leases();
    let rescued = h.reclaim("reaper").await;
    let reply = h.beat("reaper", &reservations(&rescued)).await;
    assert!(reply.lost.is_empty() && reply.unknown.is_empty(), "{reply:?}");
    h.done(&rescued[0], Settlement::Requeue).await;
    assert_eq!(h.take().await.reservation.token.attempt, 1);
}

/// P12: whoever reaps lives, so it does not take its own jobs from itself, however late it is.
pub async fn a_reaper_does_not_reclaim_its_own_jobs(h: &Harness) {
    let held = h.held().await;
    h.outlive_leases();
    assert!(h.reclaim(WORKER).await.is_empty());
    h.done(&held, Settlement::Complete).await;
}

/// S5: the answer to a reclaim may be lost as well.
pub async fn a_repeated_reclaim_returns_the_same(h: &Harness) {
    h.push(4).await;
    h.reserve(4).await;
    h.outlive_leases();
    let call = h.call();
    let first = h.sweep("reaper", 3, call, false).await;
    let mut again = h.sweep("reaper", 3, call, true).await;
    again.sort_by_key(|job| first.ids().iter().position(|id| *id == job.reservation.job));
    assert_eq!(reservations(&again), reservations(&first));
    assert_eq!(h.sweep("reaper", 3, h.call(), true).await.len(), 1, "one that took nothing is a fresh one");
}

/// P5, S1
pub async fn reapers_at_once_share_no_job(h: &Harness) {
    h.push(100).await;
    h.reserve(100).await;
    h.outlive_leases();
    let start = Arc::new(Barrier::new(4));
    let reapers = (0..4_u64).map(|number| {
        let (store, start) = (h.store.clone(), Arc::clone(&start));
        tokio::spawn(async move {
            let worker = worker_id(&format!("reaper-{number}"));
            start.wait().await;
            let mut taken = Vec::new();
            for turn in 0..2000 {
                let call = CallId(number << 32 | turn);
                let request = ReserveRequest {
                    worker: &worker,
                    queues: &[],
                    order: Priority::DESCENDING,
                    max: 7,
                    lease: LEASE,
                    call,
                    is_repeat: false,
                };
                match store.reclaim(&request).await.unwrap() {
                    jobs if jobs.is_empty() => break,
                    jobs => taken.extend(jobs),
                }
            }
            taken
        })
    });
    let reapers: Vec<_> = reapers.collect();
    let mut rescued = Vec::new();
    for reaper in reapers {
        rescued.extend(reaper.await.unwrap());
    }
    let mut ids = rescued.ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), rescued.len()), (100, 100));
    let batch: Vec<_> = rescued.iter().map(|job| super::harness::ending(job, Settlement::Complete)).collect();
    assert_eq!(h.settle_all(&batch).await, [Settled::Done; 100]);
}

/// P11: a worker that stops with nothing in hand leaves nothing behind, and may come back.
pub async fn a_retired_worker_can_start_again(h: &Harness) {
    h.store.retire(&worker_id("never-seen")).await.unwrap();
    let held = h.held().await;
    h.done(&held, Settlement::Complete).await;
    for _ in 0..2 {
        h.store.retire(&worker_id(WORKER)).await.unwrap();
    }
    h.outlive_leases();
    let next = h.held().await;
    assert!(h.reclaim("reaper").await.is_empty());
    h.outlive_leases();
    assert_eq!(h.reclaim("reaper").await.ids(), [next.reservation.job]);
}

/// P1: saying goodbye loses nothing.
pub async fn a_worker_that_retires_with_jobs_keeps_them_until_its_lease_ends(h: &Harness) {
    let held = h.held().await;
    h.store.retire(&worker_id(WORKER)).await.unwrap();
    assert!(h.reclaim("reaper").await.is_empty());
    assert_eq!(h.state(held.reservation.job).await, State::Reserved);
    h.outlive_leases();
    assert_eq!(h.reclaim("reaper").await.ids(), [held.reservation.job]);
}

/// P3: a lost job is the reaper's to settle; no reserve picks it up.
pub async fn a_reserve_takes_no_dead_workers_job(h: &Harness) {
    h.held().await;
    h.outlive_leases();
    let (worker, queues, call) = (worker_id("other"), queues(&[QUEUE]), h.call());
    let request = ReserveRequest {
        worker: &worker,
        queues: &queues,
        order: Priority::DESCENDING,
        max: 9,
        lease: LEASE,
        call,
        is_repeat: false,
    };
    assert!(h.store.reserve(&request).await.unwrap().jobs.is_empty());
}

//! Letting go of ended jobs.

use std::time::Duration;

use journeyman::job::{ErrorKind, JobId};
use journeyman::queue::{Found, Retention, Settlement, State};

use super::harness::{Harness, WORKER, fail, release};
use super::jobs::{job, seconds};

const ALL: usize = 500;
const KEEP_MANY: u64 = 1000;

fn for_seconds(ttl: u64) -> Retention {
    Retention { ttl: seconds(ttl), max_records: KEEP_MANY }
}

fn at_most(max_records: u64) -> Retention {
    Retention { ttl: seconds(1_000_000), max_records }
}

/// Runs a job of a queue to its end, a second after the one before.
async fn ended(h: &Harness, name: &str, how: Settlement) -> JobId {
    h.advance(seconds(1));
    let id = h.push_to(name, 1).await[0];
    let held = h.reserve_as(WORKER, &[name], 1).await;
    h.done(&held[0], how).await;
    id
}

/// R30, R31: an old record goes, and it is known that it was there.
pub async fn a_record_is_kept_for_its_time(h: &Harness) {
    let mut ids = Vec::new();
    for how in [Settlement::Complete, fail(ErrorKind::Error), Settlement::Cancel] {
        ids.push(ended(h, "default", how).await);
    }
    h.advance(seconds(96));
    assert_eq!(h.store.prune(for_seconds(100), ALL).await.unwrap(), 0);
    h.advance(seconds(5));
    assert_eq!(h.store.prune(for_seconds(100), ALL).await.unwrap(), 3);
    for id in ids {
        assert_eq!(h.find(id).await, Found::Expired);
    }
    let stats = h.stats().await;
    assert_eq!((stats.completed, stats.failed, stats.cancelled), (0, 0, 0));
    assert_eq!(stats.counters.processed, 2, "what has happened has happened");
}

/// R30: its age counts from its end, not from its push.
pub async fn a_job_that_ran_late_is_kept_as_long(h: &Harness) {
    let held = h.held().await;
    h.advance(seconds(500));
    h.done(&held, Settlement::Complete).await;
    h.advance(seconds(99));
    assert_eq!(h.store.prune(for_seconds(100), ALL).await.unwrap(), 0);
    h.advance(seconds(2));
    assert_eq!(h.store.prune(for_seconds(100), ALL).await.unwrap(), 1);
}

/// R31
pub async fn an_id_never_seen_is_not_an_expired_one(h: &Harness) {
    assert_eq!(h.find(job().id()).await, Found::Nothing);
    ended(h, "default", Settlement::Complete).await;
    h.advance(seconds(200));
    assert_eq!(h.store.prune(for_seconds(100), ALL).await.unwrap(), 1);
    assert_eq!(h.find(job().id()).await, Found::Nothing);
}

/// R30: the number kept is per queue and end state; the newest stay.
pub async fn the_newest_records_are_kept(h: &Harness) {
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for name in ["a", "b"] {
        for how in [Settlement::Complete, fail(ErrorKind::Error), Settlement::Cancel] {
            gone.push(ended(h, name, how.clone()).await);
            kept.push(ended(h, name, how.clone()).await);
            kept.push(ended(h, name, how).await);
        }
    }
    let mut pruned = 0;
    for _ in 0..3 {
        pruned += h.store.prune(at_most(2), ALL).await.unwrap();
    }
    assert_eq!(pruned, 6);
    for id in gone {
        assert_eq!(h.find(id).await, Found::Expired);
    }
    for id in kept {
        assert!(h.state(id).await.is_ended());
    }
}

/// R30: newest by when it ended, not by when it was pushed.
pub async fn the_newest_end_counts_not_the_newest_push(h: &Harness) {
    let ids = h.push(2).await;
    let held = h.reserve(2).await;
    h.done(&held[1], Settlement::Complete).await;
    h.advance(seconds(1));
    h.done(&held[0], Settlement::Complete).await;
    assert_eq!(h.store.prune(at_most(1), ALL).await.unwrap(), 1);
    assert_eq!(h.find(ids[1]).await, Found::Expired);
    assert_eq!(h.state(ids[0]).await, State::Completed);
}

/// R30, S8: in small chunks.
pub async fn pruning_is_bounded(h: &Harness) {
    for _ in 0..5 {
        ended(h, "default", Settlement::Complete).await;
    }
    h.advance(seconds(200));
    let mut pruned = Vec::new();
    for _ in 0..4 {
        pruned.push(h.store.prune(for_seconds(100), 2).await.unwrap());
    }
    assert_eq!(pruned, [2, 2, 1, 0]);
}

/// R30: `backup_ttl` 0 keeps no history, but a failed job is kept until someone has seen it.
pub async fn a_ttl_of_nothing_keeps_only_the_failed(h: &Harness) {
    let completed = ended(h, "default", Settlement::Complete).await;
    let failed = ended(h, "default", fail(ErrorKind::Error)).await;
    let cancelled = ended(h, "default", Settlement::Cancel).await;
    let retention = Retention { ttl: Duration::ZERO, max_records: KEEP_MANY };
    assert_eq!(h.store.prune(retention, ALL).await.unwrap(), 2);
    assert_eq!(h.find(completed).await, Found::Expired);
    assert_eq!(h.find(cancelled).await, Found::Expired);
    h.advance(seconds(100 * 24 * 3600));
    assert_eq!(h.store.prune(retention, ALL).await.unwrap(), 0);
    assert_eq!(h.state(failed).await, State::Failed);
}

/// R30: their number is still bounded.
pub async fn a_ttl_of_nothing_still_bounds_the_failed(h: &Harness) {
    let older = ended(h, "default", fail(ErrorKind::Error)).await;
    let newer = ended(h, "default", fail(ErrorKind::Error)).await;
    let retention = Retention { ttl: Duration::ZERO, max_records: 1 };
    assert_eq!(h.store.prune(retention, ALL).await.unwrap(), 1);
    assert_eq!(h.find(older).await, Found::Expired);
    assert_eq!(h.state(newer).await, State::Failed);
}

/// P1: however old, a job that has not ended is not touched.
pub async fn pruning_touches_no_job_that_has_not_ended(h: &Harness) {
    let pending = h.push(1).await[0];
    let reserved = h.reserve(1).await[0].reservation.job;
    assert_eq!(pending, reserved);
    let waiting = h.push_to("other", 1).await[0];
    let delayed = h.push_delayed(10_000).await;
    let released = h.push_to("third", 1).await[0];
    let held = h.reserve_as(WORKER, &["third"], 1).await;
    h.done(&held[0], release(10_000)).await;
    h.advance(seconds(5_000));
    let none = Retention { ttl: Duration::ZERO, max_records: 0 };
    assert_eq!(h.store.prune(none, ALL).await.unwrap(), 0);
    assert_eq!(h.store.prune(for_seconds(1), ALL).await.unwrap(), 0);
    let states = [State::Reserved, State::Pending, State::Delayed, State::Delayed];
    for (id, state) in [reserved, waiting, delayed, released].into_iter().zip(states) {
        assert_eq!(h.state(id).await, state);
    }
}

/// R39: the numbers follow the records.
pub async fn a_pruned_system_error_is_counted_no_more(h: &Harness) {
    ended(h, "default", fail(ErrorKind::Undecodable)).await;
    ended(h, "default", fail(ErrorKind::Error)).await;
    ended(h, "default", fail(ErrorKind::Undecodable)).await;
    assert_eq!(h.store.prune(at_most(1), ALL).await.unwrap(), 2);
    let stats = h.stats().await;
    assert_eq!((stats.failed, stats.system_errors, stats.counters.failed), (1, 1, 3));
}

/// P4: a late settle does not bring a pruned job back.
pub async fn a_pruned_job_stays_gone(h: &Harness) {
    let held = h.held().await;
    h.done(&held, Settlement::Complete).await;
    h.advance(seconds(200));
    assert_eq!(h.store.prune(for_seconds(100), ALL).await.unwrap(), 1);
    assert_eq!(h.settle(&held, release(0)).await, journeyman::queue::Settled::Stale);
    assert_eq!(h.find(held.reservation.job).await, Found::Expired);
    assert!(h.reserve(9).await.is_empty());
}

//! What operators do: cancel, retry, forget, purge, pause, restart.

use journeyman::job::{ErrorKind, JobId, Priority};
use journeyman::queue::{Cancelled, Control, Forgotten, Found, Retried, Settled, Settlement, State};

use super::harness::{Harness, fail, worker_id};
use super::jobs::{Building, Ids, QUEUE, job, queue, seconds};

fn never_seen() -> JobId {
    JobId::generate(&queue(QUEUE))
}

// Cancel

/// R21: a waiting job can be called off.
pub async fn a_pending_job_is_cancelled(h: &Harness) {
    let ids = h.push(3).await;
    assert_eq!(h.store.cancel(ids[1]).await.unwrap(), Cancelled::Done);
    assert_eq!(h.state(ids[1]).await, State::Cancelled);
    assert_eq!(h.stats().await.cancelled, 1);
    assert_eq!(h.reserve(9).await.ids(), [ids[0], ids[2]]);
}

/// R21
pub async fn a_delayed_job_is_cancelled_and_never_runs(h: &Harness) {
    let id = h.push_delayed(60).await;
    assert_eq!(h.store.cancel(id).await.unwrap(), Cancelled::Done);
    h.advance(seconds(61));
    h.store.promote(100).await.unwrap();
    assert!(h.reserve(9).await.is_empty());
    assert_eq!(h.state(id).await, State::Cancelled);
}

/// R21, P4: only its holder ends a running job.
pub async fn a_job_that_does_not_wait_is_not_cancelled(h: &Harness) {
    let held = h.held().await;
    let id = held.reservation.job;
    assert_eq!(h.store.cancel(id).await.unwrap(), Cancelled::Not(State::Reserved));
    h.done(&held, Settlement::Complete).await;
    assert_eq!(h.store.cancel(id).await.unwrap(), Cancelled::Not(State::Completed));
    assert_eq!(h.store.cancel(never_seen()).await.unwrap(), Cancelled::Nothing);
    assert_eq!(h.state(id).await, State::Completed);
}

/// R30: a cancelled job's record is kept as others are.
pub async fn a_cancelled_record_is_pruned_in_its_time(h: &Harness) {
    let id = h.push(1).await[0];
    h.store.cancel(id).await.unwrap();
    let retention = journeyman::queue::Retention { ttl: seconds(60), max_records: 10 };
    assert_eq!(h.store.prune(retention, 10).await.unwrap(), 0);
    h.advance(seconds(61));
    assert_eq!(h.store.prune(retention, 10).await.unwrap(), 1);
}

// Retry

/// R29: a failed job runs again, with all its tries.
pub async fn a_failed_job_is_put_back_with_all_its_tries(h: &Harness) {
    let id = h.failed().await;
    h.advance(seconds(5));
    assert_eq!(h.retry(id).await, Retried::Done);
    let record = h.record(id).await;
    assert_eq!((record.state, record.attempts), (State::Pending, 0));
    assert_eq!(record.available_at, h.now());
    assert_eq!(record.trail.retries, 1);
    let stats = h.stats().await;
    assert_eq!((stats.failed, stats.size()), (0, 1));
    let held = h.take().await;
    assert_eq!((held.reservation.job, held.reservation.token.attempt), (id, 1));
    h.done(&held, Settlement::Complete).await;
    assert_eq!(h.state(id).await, State::Completed);
}

/// R29: it goes to the back.
pub async fn a_retried_job_goes_to_the_back_of_its_queue(h: &Harness) {
    let held = h.held().await;
    h.done(&held, fail(ErrorKind::Error)).await;
    let failed = held.reservation.job;
    let waiting = h.push(2).await;
    h.retry(failed).await;
    assert_eq!(h.reserve(9).await.ids(), [waiting[0], waiting[1], failed]);
}

/// R29: payload, priority and queue stay as they were dispatched.
pub async fn a_retried_job_is_what_it_was(h: &Harness) {
    let pushed = job().priority(Priority::Critical).body("[1, 2 ]");
    h.stored(std::slice::from_ref(&pushed)).await;
    let held = h.take().await;
    h.done(&held, fail(ErrorKind::Error)).await;
    h.retry(pushed.id()).await;
    let held = h.take().await;
    assert_eq!(held.body, pushed.envelope.body);
    assert_eq!((held.reservation.priority, held.reservation.queue), (Priority::Critical, queue(QUEUE)));
}

/// R29
pub async fn a_cancelled_job_is_put_back(h: &Harness) {
    let id = h.push(1).await[0];
    h.store.cancel(id).await.unwrap();
    assert_eq!(h.retry(id).await, Retried::Done);
    assert_eq!(h.take().await.reservation.job, id);
}

/// R28, R29
pub async fn a_retried_system_error_is_counted_no_more(h: &Harness) {
    let held = h.held().await;
    h.done(&held, fail(ErrorKind::Undecodable)).await;
    assert_eq!(h.stats().await.system_errors, 1);
    h.retry(held.reservation.job).await;
    let stats = h.stats().await;
    assert_eq!((stats.system_errors, stats.failed), (0, 0));
}

/// R29
pub async fn only_failed_and_cancelled_jobs_are_retried(h: &Harness) {
    let ids = h.push(2).await;
    let held = h.take().await;
    assert_eq!(h.retry(ids[0]).await, Retried::Not(State::Reserved));
    assert_eq!(h.retry(ids[1]).await, Retried::Not(State::Pending));
    h.done(&held, Settlement::Complete).await;
    assert_eq!(h.retry(ids[0]).await, Retried::Not(State::Completed));
    assert_eq!(h.retry(never_seen()).await, Retried::Nothing);
}

/// R29: twice is once.
pub async fn a_job_retried_twice_waits_once(h: &Harness) {
    let id = h.failed().await;
    assert_eq!(h.retry(id).await, Retried::Done);
    assert_eq!(h.retry(id).await, Retried::Not(State::Pending));
    assert_eq!(h.reserve(9).await.ids(), [id]);
}

/// P4: the holder of before has no say in the job's new life.
pub async fn a_token_from_before_a_retry_is_stale(h: &Harness) {
    let held = h.held().await;
    h.done(&held, fail(ErrorKind::Error)).await;
    h.retry(held.reservation.job).await;
    assert_ne!(h.settle(&held, Settlement::Complete).await, Settled::Done);
    assert_eq!(h.state(held.reservation.job).await, State::Pending);
    let fresh = h.take().await;
    assert_ne!(h.settle(&held, Settlement::Complete).await, Settled::Done);
    assert_eq!(h.state(held.reservation.job).await, State::Reserved);
    h.done(&fresh, fail(ErrorKind::Error)).await;
}

/// R29: it can fail and be retried as often as need be.
pub async fn a_job_can_fail_again_after_a_retry(h: &Harness) {
    let id = h.failed().await;
    for retries in 1..=3 {
        assert_eq!(h.retry(id).await, Retried::Done);
        let held = h.take().await;
        h.done(&held, fail(ErrorKind::Error)).await;
        let record = h.record(id).await;
        assert_eq!((record.state, record.trail.retries), (State::Failed, retries));
    }
    assert_eq!(h.stats().await.failed, 1);
}

// Forget

/// R29
pub async fn a_forgotten_record_is_gone(h: &Harness) {
    let id = h.failed().await;
    assert_eq!(h.store.forget(id).await.unwrap(), Forgotten::Done);
    h.removed(id);
    assert!(matches!(h.find(id).await, Found::Nothing | Found::Expired));
    assert_eq!(h.stats().await.failed, 0);
    assert_eq!(h.store.forget(id).await.unwrap(), Forgotten::Nothing);
}

/// R29: what has not ended is not forgotten.
pub async fn a_job_that_has_not_ended_is_not_forgotten(h: &Harness) {
    let ids = h.push(2).await;
    let delayed = h.push_delayed(60).await;
    h.take().await;
    assert_eq!(h.store.forget(ids[0]).await.unwrap(), Forgotten::Not(State::Reserved));
    assert_eq!(h.store.forget(ids[1]).await.unwrap(), Forgotten::Not(State::Pending));
    assert_eq!(h.store.forget(delayed).await.unwrap(), Forgotten::Not(State::Delayed));
    assert_eq!(h.store.forget(never_seen()).await.unwrap(), Forgotten::Nothing);
}

/// R28, R29
pub async fn a_forgotten_system_error_is_counted_no_more(h: &Harness) {
    let held = h.held().await;
    h.done(&held, fail(ErrorKind::Undecodable)).await;
    h.store.forget(held.reservation.job).await.unwrap();
    h.removed(held.reservation.job);
    assert_eq!(h.stats().await.system_errors, 0);
}

// Purge

/// R40: pending and delayed go; what runs or has ended stays.
pub async fn a_purge_takes_what_waits_and_nothing_else(h: &Harness) {
    let failed = h.failed().await;
    let running = h.held().await;
    let pending = h.push(2).await;
    let delayed = h.push_delayed(60).await;
    let elsewhere = h.push_to("other", 1).await;
    assert_eq!(h.store.purge(&queue(QUEUE), None, 100).await.unwrap(), 3);
    pending.iter().chain([&delayed]).for_each(|id| h.removed(*id));
    assert!(matches!(h.find(pending[0]).await, Found::Nothing | Found::Expired));
    assert_eq!(h.state(failed).await, State::Failed);
    assert_eq!(h.state(elsewhere[0]).await, State::Pending);
    h.advance(seconds(61));
    h.beat(super::harness::WORKER, std::slice::from_ref(&running.reservation)).await;
    assert!(h.reserve(9).await.is_empty());
    h.done(&running, Settlement::Complete).await;
}

/// R40: one priority of them.
pub async fn a_purge_of_one_priority_leaves_the_others(h: &Harness) {
    let low = h.stored(&[job().priority(Priority::Low), job().priority(Priority::Low).after(seconds(60))]).await;
    let rest = h.stored(&[job(), job().priority(Priority::High).after(seconds(60))]).await;
    assert_eq!(h.store.purge(&queue(QUEUE), Some(Priority::Low), 100).await.unwrap(), 2);
    low.iter().for_each(|id| h.removed(*id));
    for id in rest {
        assert!(matches!(h.find(id).await, Found::Here(_)));
    }
}

/// R40, S8: bounded, and can be repeated until nothing is left.
pub async fn a_purge_is_bounded(h: &Harness) {
    let mut ids = h.push(5).await;
    ids.push(h.push_delayed(60).await);
    assert_eq!(h.store.purge(&queue(QUEUE), None, 4).await.unwrap(), 4);
    assert_eq!(h.stats().await.size(), 2);
    assert_eq!(h.store.purge(&queue(QUEUE), None, 4).await.unwrap(), 2);
    assert_eq!(h.store.purge(&queue(QUEUE), None, 4).await.unwrap(), 0);
    assert_eq!(h.store.purge(&queue("never-seen"), None, 4).await.unwrap(), 0);
    ids.into_iter().for_each(|id| h.removed(id));
}

// Pause

/// R51: nothing is reserved from a paused queue; pushing goes on.
pub async fn a_paused_queue_gives_nothing(h: &Harness) {
    let before = h.push(1).await;
    h.store.pause(&queue(QUEUE)).await.unwrap();
    let after = h.push(1).await;
    assert!(h.reserve(9).await.is_empty());
    h.store.resume(&queue(QUEUE)).await.unwrap();
    assert_eq!(h.reserve(9).await.ids(), [before[0], after[0]]);
}

/// R51: the others go on, and what runs is left alone.
pub async fn a_pause_touches_only_its_queue(h: &Harness) {
    let running = h.held().await;
    h.push(1).await;
    let other = h.push_to("other", 1).await;
    h.store.pause(&queue(QUEUE)).await.unwrap();
    assert_eq!(h.reserve_as("w", &[QUEUE, "other"], 9).await.ids(), other);
    h.done(&running, Settlement::Requeue).await;
    assert!(h.reserve(9).await.is_empty());
}

/// R51, R19: a delayed job of a paused queue waits too, however long it has been due.
pub async fn a_due_job_of_a_paused_queue_waits(h: &Harness) {
    let id = h.push_delayed(5).await;
    h.store.pause(&queue(QUEUE)).await.unwrap();
    h.advance(seconds(6));
    assert!(h.reserve(9).await.is_empty());
    h.store.promote(100).await.unwrap();
    assert!(h.reserve(9).await.is_empty());
    h.store.resume(&queue(QUEUE)).await.unwrap();
    assert_eq!(h.reserve(9).await.ids(), [id]);
}

/// R51: other processes see it, and it can be repeated.
pub async fn a_pause_is_everybodys(h: &Harness) {
    h.push(1).await;
    let second = h.second().await;
    for _ in 0..2 {
        second.pause(&queue(QUEUE)).await.unwrap();
    }
    assert_eq!(h.store.control().await.unwrap().paused, [queue(QUEUE)]);
    assert!(h.reserve(9).await.is_empty());
    for _ in 0..2 {
        second.resume(&queue(QUEUE)).await.unwrap();
    }
    assert_eq!(h.store.control().await.unwrap(), Control::default());
    assert_eq!(h.reserve(9).await.len(), 1);
}

/// R51: also before anything was pushed.
pub async fn a_queue_can_be_paused_before_its_first_push(h: &Harness) {
    h.store.pause(&queue("b")).await.unwrap();
    h.store.pause(&queue("a")).await.unwrap();
    h.push_to("b", 1).await;
    h.push_to("a", 1).await;
    assert!(h.reserve_as("w", &["a", "b"], 9).await.is_empty());
    assert_eq!(h.store.control().await.unwrap().paused, [queue("a"), queue("b")]);
}

/// R51: a dead worker's job is taken over even while its queue is paused, and then waits.
pub async fn a_reclaim_heeds_no_pause(h: &Harness) {
    h.held().await;
    h.store.pause(&queue(QUEUE)).await.unwrap();
    h.outlive_leases();
    assert_eq!(h.reclaim("reaper").await.len(), 1);
}

// Restart

/// R51: each signal is seen by all, once.
pub async fn a_restart_signal_is_seen_by_every_handle(h: &Harness) {
    let second = h.second().await;
    let before = second.control().await.unwrap().restarts;
    h.store.signal_restart().await.unwrap();
    h.store.signal_restart().await.unwrap();
    assert_eq!(second.control().await.unwrap().restarts, before + 2);
}

// Order

/// R17: a worker may ask in another order than the strict one.
pub async fn the_worker_says_which_priority_goes_first(h: &Harness) {
    let [low, normal, high, critical] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];
    let jobs = [low, normal, high, critical].map(|priority| job().priority(priority));
    let ids = h.stored(&jobs).await;
    let taken = h.reserve_in([normal, low, critical, high], 3).await;
    assert_eq!(taken.ids(), [ids[1], ids[0], ids[3]]);
    assert_eq!(h.reserve_in([low, normal, high, critical], 3).await.ids(), [ids[2]]);
    h.store.retire(&worker_id("nobody")).await.unwrap();
}

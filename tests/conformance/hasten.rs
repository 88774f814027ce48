//! Making delayed jobs run at once.

use journeyman::job::{JobId, Priority};
use journeyman::queue::{Cancelled, Hastened, PushOutcome, Retried, Settled, Settlement, State, Trail};

use super::harness::{Harness, release, with_trail};
use super::jobs::{Building, Ids, QUEUE, job, queue, seconds};

/// R19, R51: what waits for its time can be told to run now; it is then as one that was pushed to run at once.
pub async fn a_delayed_job_is_hastened(h: &Harness) {
    let (id, other) = (h.push_delayed(60).await, h.push_delayed(90).await);
    h.advance(seconds(5));
    assert_eq!(h.store.hasten(id).await.unwrap(), Hastened::Done);
    let record = h.record(id).await;
    assert_eq!((record.state, record.attempts, record.available_at), (State::Pending, 0, h.now()));
    let stats = h.stats().await;
    assert_eq!((stats.total_pending(), stats.delayed, stats.counters.enqueued), (1, 1, 2));
    assert_eq!(h.listed(State::Pending, 1).await, [id]);
    assert_eq!(h.listed(State::Delayed, 1).await, [other]);
    assert_eq!(h.next_due().await, Some(seconds(85)));
    let held = h.take().await;
    assert_eq!((held.reservation.job, held.reservation.token.attempt), (id, 1));
    h.done(&held, Settlement::Complete).await;
}

/// R13, R14: so can a retry that waits for its delay, whose attempts and trail stay.
pub async fn a_retry_that_waits_is_hastened_with_its_attempts(h: &Harness) {
    let held = h.held().await;
    let (id, trail) = (held.reservation.job, Trail { requeues: 3, ..Default::default() });
    let settle = with_trail(&held, release(600), trail.encode());
    assert_eq!(h.settle_all(&[settle]).await, [Settled::Done]);
    h.advance(seconds(1));
    assert_eq!(h.store.hasten(id).await.unwrap(), Hastened::Done);
    let record = h.record(id).await;
    assert_eq!((record.state, record.attempts, record.available_at), (State::Pending, 1, h.now()));
    assert_eq!(record.trail.requeues, 3);
    assert_eq!(h.stats().await.counters.retried, 1);
    let again = h.take().await;
    assert_eq!(again.reservation.token.attempt, 2);
    assert_eq!(h.settle(&held, Settlement::Complete).await, Settled::Repeated);
    h.done(&again, Settlement::Complete).await;
}

/// P9, R16: behind those that wait already, before those that come later, among its own priority.
pub async fn a_hastened_job_goes_to_the_back_of_its_priority(h: &Harness) {
    let delayed = h.stored(&[job().after(seconds(60)), job().priority(Priority::High).after(seconds(50))]).await;
    let waiting = h.push(2).await;
    for id in &delayed {
        assert_eq!(h.store.hasten(*id).await.unwrap(), Hastened::Done);
    }
    let later = h.push(1).await[0];
    assert_eq!(h.reserve(9).await.ids(), [delayed[1], waiting[0], waiting[1], delayed[0], later]);
}

/// R21: twice is once; and nothing happens to what is not delayed.
pub async fn only_delayed_jobs_are_hastened(h: &Harness) {
    let delayed = h.push_delayed(60).await;
    assert_eq!(h.store.hasten(delayed).await.unwrap(), Hastened::Done);
    assert_eq!(h.store.hasten(delayed).await.unwrap(), Hastened::Not(State::Pending));
    let held = h.take().await;
    assert_eq!(h.store.hasten(delayed).await.unwrap(), Hastened::Not(State::Reserved));
    h.done(&held, Settlement::Complete).await;
    let failed = h.failed().await;
    let cancelled = h.push_delayed(60).await;
    h.store.cancel(cancelled).await.unwrap();
    for (id, state) in [(delayed, State::Completed), (failed, State::Failed), (cancelled, State::Cancelled)] {
        assert_eq!(h.store.hasten(id).await.unwrap(), Hastened::Not(state));
        assert_eq!(h.state(id).await, state);
    }
    assert_eq!(h.store.hasten(JobId::generate(&queue(QUEUE))).await.unwrap(), Hastened::Nothing);
    assert!(h.reserve(9).await.is_empty());
}

/// R51
pub async fn a_hastened_job_of_a_paused_queue_waits(h: &Harness) {
    let id = h.push_delayed(60).await;
    h.store.pause(&queue(QUEUE)).await.unwrap();
    assert_eq!(h.store.hasten(id).await.unwrap(), Hastened::Done);
    assert_eq!(h.state(id).await, State::Pending);
    assert!(h.reserve(9).await.is_empty());
    h.store.resume(&queue(QUEUE)).await.unwrap();
    assert_eq!(h.reserve(9).await.ids(), [id]);
}

/// R23: its key stays its own until it ends, and what it carries comes through byte for byte.
pub async fn a_hastened_job_keeps_its_unique_key(h: &Harness) {
    let pushed = job().unique("key").body("[1, 2 ]").after(seconds(60));
    let id = h.push_one(pushed.clone()).await;
    assert_eq!(h.store.hasten(id).await.unwrap(), Hastened::Done);
    assert_eq!(h.put(&[job().unique("key")]).await, [PushOutcome::Duplicate(id)]);
    assert_eq!(h.put(std::slice::from_ref(&pushed)).await, [PushOutcome::Repeated]);
    let held = h.take().await;
    assert_eq!((held.reservation.job, &held.body), (id, &pushed.envelope.body));
    assert_eq!(h.put(&[job().unique("key")]).await, [PushOutcome::Duplicate(id)]);
    h.done(&held, Settlement::Complete).await;
    h.push_one(job().unique("key")).await;
}

/// R21, R13: it moves on as any other job does.
pub async fn a_hastened_job_can_be_cancelled_and_delayed_again(h: &Harness) {
    let ids = [h.push_delayed(60).await, h.push_delayed(60).await];
    for id in ids {
        assert_eq!(h.store.hasten(id).await.unwrap(), Hastened::Done);
    }
    assert_eq!(h.store.cancel(ids[0]).await.unwrap(), Cancelled::Done);
    assert_eq!(h.retry(ids[0]).await, Retried::Done);
    let held = h.take().await;
    assert_eq!(held.reservation.job, ids[1]);
    h.done(&held, release(10)).await;
    assert_eq!(h.state(ids[1]).await, State::Delayed);
    assert_eq!(h.reserve(9).await.ids(), [ids[0]]);
    h.advance(seconds(10));
    assert_eq!(h.reserve(9).await.ids(), [ids[1]]);
}

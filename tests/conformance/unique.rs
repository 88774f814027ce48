//! Unique keys: while one job with a key has not ended, a second is not stored.

use journeyman::job::{ErrorKind, JobId};
use journeyman::queue::{Cancelled, PushOutcome, Retried, Settlement, State, Unit};

use super::harness::{Harness, fail, release};
use super::jobs::{Building, Ids, QUEUE, job, job_on, queue, seconds};

const KEY: &str = "k0123456789abcdef";

async fn first(h: &Harness) -> JobId {
    h.push_one(job().unique(KEY)).await
}

async fn is_refused_for(h: &Harness, first: JobId) {
    assert_eq!(h.put(&[job().unique(KEY)]).await, [PushOutcome::Duplicate(first)]);
}

async fn is_free(h: &Harness) {
    first(h).await;
}

/// R23: the second dispatch is told the first one's id, and nothing is written.
pub async fn a_second_job_with_the_key_is_not_stored(h: &Harness) {
    let first = first(h).await;
    let before = h.everything().await;
    is_refused_for(h, first).await;
    assert_eq!(h.everything().await, before);
}

/// R23: a lock of one queue is none of another.
pub async fn another_queue_may_use_the_key(h: &Harness) {
    first(h).await;
    h.stored(&[job_on("other").unique(KEY)]).await;
    h.stored(&[job().unique("another")]).await;
    h.push(1).await;
}

/// R23
pub async fn a_key_twice_in_one_push_stores_the_first(h: &Harness) {
    let batch = [job().unique(KEY), job(), job().unique(KEY)];
    let stored = PushOutcome::Stored { delayed: false };
    assert_eq!(h.put(&batch).await, [stored, stored, PushOutcome::Duplicate(batch[0].id())]);
    assert_eq!(h.reserve(9).await.ids(), [batch[0].id(), batch[1].id()]);
}

/// R23: a delayed job has not ended.
pub async fn a_delayed_job_keeps_its_key(h: &Harness) {
    let first = h.push_one(job().unique(KEY).after(seconds(60))).await;
    is_refused_for(h, first).await;
}

/// R23: nor has one that runs, or that will be tried again.
pub async fn the_key_is_kept_while_the_job_runs_and_between_tries(h: &Harness) {
    let first = first(h).await;
    let held = h.take().await;
    is_refused_for(h, first).await;
    h.done(&held, release(5)).await;
    is_refused_for(h, first).await;
    h.advance(seconds(5));
    let held = h.take().await;
    h.done(&held, Settlement::Requeue).await;
    is_refused_for(h, first).await;
}

/// R23: the key is released in the same step as the end state.
pub async fn completing_frees_the_key(h: &Harness) {
    first(h).await;
    let held = h.take().await;
    h.done(&held, Settlement::Complete).await;
    is_free(h).await;
}

/// R23
pub async fn failing_frees_the_key(h: &Harness) {
    first(h).await;
    let held = h.take().await;
    h.done(&held, fail(ErrorKind::Error)).await;
    is_free(h).await;
}

/// R23
pub async fn cancelling_frees_the_key(h: &Harness) {
    let waiting = first(h).await;
    assert_eq!(h.store.cancel(waiting).await.unwrap(), Cancelled::Done);
    first(h).await;
    let held = h.take().await;
    h.done(&held, Settlement::Cancel).await;
    is_free(h).await;
}

/// R23, R40
pub async fn purging_frees_the_key(h: &Harness) {
    let (pending, delayed) = (first(h).await, job().unique("other").after(seconds(60)));
    let delayed = h.push_one(delayed).await;
    assert_eq!(h.store.purge(&queue(QUEUE), None, 100).await.unwrap(), 2);
    h.removed(pending);
    h.removed(delayed);
    h.stored(&[job().unique(KEY), job().unique("other")]).await;
}

/// R23: owned by the job's id: the end of one job frees nobody else's lock.
pub async fn an_end_frees_only_its_own_lock(h: &Harness) {
    first(h).await;
    let held = h.take().await;
    h.done(&held, Settlement::Complete).await;
    let second = first(h).await;
    // A settle repeated after its answer was lost comes after another job has taken the key.
    assert_eq!(h.settle(&held, Settlement::Complete).await, journeyman::queue::Settled::Repeated);
    is_refused_for(h, second).await;
}

/// R23, S5: repeating a push is no second job.
pub async fn a_repeated_push_is_not_a_duplicate_of_itself(h: &Harness) {
    let job = job().unique(KEY);
    h.stored(std::slice::from_ref(&job)).await;
    assert_eq!(h.put(&[job]).await, [PushOutcome::Repeated]);
}

/// R23, R29: a job put back takes its key again.
pub async fn a_retried_job_takes_its_key_again(h: &Harness) {
    let id = first(h).await;
    let held = h.take().await;
    h.done(&held, fail(ErrorKind::Error)).await;
    assert_eq!(h.retry(id).await, Retried::Done);
    is_refused_for(h, id).await;
}

/// R23, R29: or is not put back.
pub async fn a_job_whose_key_is_taken_is_not_retried(h: &Harness) {
    let id = first(h).await;
    let held = h.take().await;
    h.done(&held, fail(ErrorKind::Error)).await;
    let second = first(h).await;
    let before = h.everything().await;
    assert_eq!(h.retry(id).await, Retried::Duplicate(second));
    assert_eq!(h.everything().await, before);
}

/// R23: one lock, however many ask at once.
pub async fn pushes_at_once_with_one_key_store_one_job(h: &Harness) {
    let jobs: Vec<_> = (0..8).map(|_| job().unique(KEY)).collect();
    let pushes = jobs.iter().cloned().map(|job| {
        let store = h.store.clone();
        tokio::spawn(async move { store.push(&[job], Unit::Queue).await.unwrap()[0] })
    });
    let mut outcomes = Vec::new();
    for push in pushes.collect::<Vec<_>>() {
        outcomes.push(push.await.unwrap());
    }
    let winner = jobs.iter().zip(&outcomes).find(|(_, outcome)| matches!(outcome, PushOutcome::Stored { .. }));
    let id = winner.expect("one is stored").0.id();
    h.adopt(&queue(QUEUE), id);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == PushOutcome::Duplicate(id)).count(), 7, "{outcomes:?}");
}

/// R22, R23: a duplicate is no conflict; the rest of the bulk is stored.
pub async fn a_duplicate_does_not_stop_a_whole_bulk(h: &Harness) {
    let first = first(h).await;
    let bulk = [job(), job().unique(KEY), job_on("other")];
    let stored = PushOutcome::Stored { delayed: false };
    assert_eq!(h.put_as(&bulk, Unit::Whole).await, [stored, PushOutcome::Duplicate(first), stored]);
    assert_eq!(h.state(bulk[0].id()).await, State::Pending);
}

//! The rows of an operator's verbs.

use std::time::Duration;

use journeyman::chance;
use journeyman::job::{ErrorKind, JobError, JobId, When};
use journeyman::queue::{
    Cancelled, Forgotten, Hastened, NewJob, Retried, Retry, Settled, Settlement, State, StoreError,
};

use super::cell::{Cell, ending, request};

pub async fn cancel(cell: &Cell<'_>) {
    let id = cell.put_one().await;
    let told = cell.insist(async |_| cell.faulty().cancel(id).await).await;
    told.is_once(cell, &Cancelled::Done, &Cancelled::Not(State::Cancelled));
    cell.is(id, State::Cancelled, 0).await;
    cell.counts(|stats| (stats.cancelled, stats.counters.enqueued) = (1, 1)).await;
}

pub async fn hasten(cell: &Cell<'_>) {
    let job = NewJob { when: When::After(Duration::from_secs(60)), ..cell.job() };
    cell.put(std::slice::from_ref(&job)).await;
    let told = cell.insist(async |_| cell.faulty().hasten(job.id()).await).await;
    told.is_once(cell, &Hastened::Done, &Hastened::Not(State::Pending));
    cell.is(job.id(), State::Pending, 0).await;
    cell.counts(|stats| (stats.pending[1], stats.counters.enqueued) = (1, 1)).await;
    assert_eq!(taken(cell).await, 1, "{cell:?}: it waits once");
}

pub async fn retry(cell: &Cell<'_>) {
    let id = failed(cell).await;
    let retry = Retry { job: id, trail: cell.record(id).await.trail.retried().encode() };
    let told = cell.insist(async |_| cell.faulty().retry(&retry).await).await;
    told.is_once(cell, &Retried::Done, &Retried::Not(State::Pending));
    cell.is(id, State::Pending, 0).await;
    cell.counts(|stats| {
        (stats.pending[1], stats.counters.enqueued) = (1, 1);
        (stats.counters.processed, stats.counters.failed) = (1, 1);
    })
    .await;
}

pub async fn forget(cell: &Cell<'_>) {
    let id = failed(cell).await;
    let told = cell.insist(async |_| cell.faulty().forget(id).await).await;
    told.is_once(cell, &Forgotten::Done, &Forgotten::Nothing);
    assert!(cell.is_gone(id).await, "{cell:?}");
    cell.counts(|stats| {
        (stats.counters.enqueued, stats.counters.processed, stats.counters.failed) = (1, 1, 1);
    })
    .await;
}

pub async fn purge(cell: &Cell<'_>) {
    let kept = cell.held().await.reservation.job;
    let gone = [cell.put_one().await, cell.put_one().await];
    let is_empty = async || cell.pending().await == 0;
    cell.insist_until(2, async || cell.faulty().purge(&cell.queue, None, 100).await, is_empty).await;
    for id in gone {
        assert!(cell.is_gone(id).await, "{cell:?}");
    }
    cell.is(kept, State::Reserved, 1).await;
    cell.counts(|stats| (stats.reserved, stats.counters.enqueued) = (1, 3)).await;
}

pub async fn pause(cell: &Cell<'_>) {
    cell.put_one().await;
    cell.insist(async |_| cell.faulty().pause(&cell.queue).await).await;
    assert!(cell.clean().control().await.unwrap().paused.contains(&cell.queue), "{cell:?}");
    assert_eq!(taken(cell).await, 0, "{cell:?}");
    cell.clean().resume(&cell.queue).await.unwrap();
    assert_eq!(taken(cell).await, 1, "{cell:?}");
}

pub async fn resume(cell: &Cell<'_>) {
    cell.put_one().await;
    cell.clean().pause(&cell.queue).await.unwrap();
    assert_eq!(taken(cell).await, 0, "{cell:?}");
    cell.insist(async |_| cell.faulty().resume(&cell.queue).await).await;
    assert!(!cell.clean().control().await.unwrap().paused.contains(&cell.queue), "{cell:?}");
    assert_eq!(taken(cell).await, 1, "{cell:?}");
}

/// Signals add up, so whoever is left without an answer looks whether the signal was given.
pub async fn signal_restart(cell: &Cell<'_>) {
    let before = restarts(cell).await;
    let signal = async |is_repeat: bool| {
        if is_repeat && restarts(cell).await > before { Ok(()) } else { cell.faulty().signal_restart().await }
    };
    cell.insist(signal).await;
    assert_eq!(restarts(cell).await, before + 1, "{cell:?}");
}

async fn restarts(cell: &Cell<'_>) -> u64 {
    cell.clean().control().await.unwrap().restarts
}

async fn failed(cell: &Cell<'_>) -> JobId {
    let held = cell.held().await;
    let error = JobError::of(ErrorKind::Error, "it went wrong");
    assert_eq!(cell.settle(ending(&held, Settlement::Fail { error })).await, Settled::Done);
    held.reservation.job
}

/// How many jobs a worker gets now.
async fn taken(cell: &Cell<'_>) -> usize {
    let (worker, queues) = (cell.worker(), [cell.queue.clone()]);
    let taken: Result<_, StoreError> =
        cell.clean().reserve(&request(&worker, &queues, 9, chance::call_id(), false)).await;
    taken.unwrap().jobs.len()
}

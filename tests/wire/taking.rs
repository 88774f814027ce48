//! The rows of a driver's verbs: what comes in, is taken, kept, ended, and tidied away.

use std::time::Duration;

use journeyman::chance;
use journeyman::job::{ErrorKind, JobError, JobId, QueueName, When};
use journeyman::queue::{
    Beat, Counted, Found, NewJob, PushOutcome, ReservedJob, Retention, Settle, Settled, Settlement, State, UniqueKey,
    Unit, WorkerId,
};

use super::cell::{Cell, LEASE, Told, ending, job_on, request};

const STORED: PushOutcome = PushOutcome::Stored { delayed: false };
const LATER: PushOutcome = PushOutcome::Stored { delayed: true };
const MINUTE: Duration = Duration::from_secs(60);

// What comes in

pub async fn push(cell: &Cell<'_>) {
    let job = cell.job();
    let told = cell.insist(async |_| cell.faulty().push(std::slice::from_ref(&job), Unit::Queue).await).await;
    told.is_once(cell, &vec![STORED], &vec![PushOutcome::Repeated]);
    cell.is(job.id(), State::Pending, 0).await;
    has_pending(cell, 1).await;
}

pub async fn push_later(cell: &Cell<'_>) {
    let job = NewJob { when: When::After(MINUTE), ..cell.job() };
    let told = cell.insist(async |_| cell.faulty().push(std::slice::from_ref(&job), Unit::Queue).await).await;
    told.is_once(cell, &vec![LATER], &vec![PushOutcome::Repeated]);
    cell.is(job.id(), State::Delayed, 0).await;
    cell.counts(|stats| (stats.delayed, stats.counters.enqueued) = (1, 1)).await;
}

pub async fn push_bulk(cell: &Cell<'_>) {
    let jobs: Vec<NewJob> = (0..5).map(|_| cell.job()).collect();
    let told = cell.insist(async |_| cell.faulty().push(&jobs, Unit::Queue).await).await;
    told.is_once(cell, &vec![STORED; 5], &vec![PushOutcome::Repeated; 5]);
    has_pending(cell, 5).await;
    // None is there twice, and they stand in their order.
    let worker = cell.worker();
    let queues = [cell.queue.clone()];
    let taken = cell.clean().reserve(&request(&worker, &queues, 9, chance::call_id(), false)).await.unwrap().jobs;
    let ids = |jobs: &[ReservedJob]| jobs.iter().map(|job| job.reservation.job).collect::<Vec<_>>();
    assert_eq!(ids(&taken), jobs.iter().map(NewJob::id).collect::<Vec<_>>(), "{cell:?}");
}

pub async fn push_unique(cell: &Cell<'_>) {
    let key = Some(UniqueKey::stored("key"));
    let job = NewJob { unique: key.clone(), ..cell.job() };
    let told = cell.insist(async |_| cell.faulty().push(std::slice::from_ref(&job), Unit::Queue).await).await;
    told.is_once(cell, &vec![STORED], &vec![PushOutcome::Repeated]);
    let rival = NewJob { unique: key, ..cell.job() };
    assert_eq!(cell.clean().push(&[rival], Unit::Queue).await.unwrap(), [PushOutcome::Duplicate(job.id())], "{cell:?}");
    has_pending(cell, 1).await;
}

pub async fn push_named(cell: &Cell<'_>) {
    let mut job = cell.job();
    job.envelope.id = JobId::generate(&QueueName::new("of-the-callers-own").unwrap());
    job.is_named = true;
    let told = cell.insist(async |_| cell.faulty().push(std::slice::from_ref(&job), Unit::Queue).await).await;
    told.is_once(cell, &vec![STORED], &vec![PushOutcome::Repeated]);
    let mut rival = job.clone();
    rival.envelope.body = "{}".into();
    assert_eq!(cell.clean().push(&[rival], Unit::Queue).await.unwrap(), [PushOutcome::Conflict], "{cell:?}");
    has_pending(cell, 1).await;
}

/// Over two queues, all or none.
pub async fn push_whole(cell: &Cell<'_>) {
    let other = beside(cell);
    let jobs = [cell.job(), NewJob { is_named: true, ..job_on(&other) }, cell.job()];
    let told = cell.insist(async |_| cell.faulty().push(&jobs, Unit::Whole).await).await;
    told.are_once(cell, &STORED, &PushOutcome::Repeated);
    has_pending(cell, 2).await;
    cell.counts_of(&other, |stats| (stats.pending[1], stats.counters.enqueued) = (1, 1)).await;
}

// What is taken and kept

pub async fn reserve(cell: &Cell<'_>) {
    let jobs = [cell.job(), cell.job(), cell.job()];
    cell.put(&jobs).await;
    takes(cell, &jobs).await;
    cell.counts(|stats| (stats.reserved, stats.counters.enqueued) = (3, 3)).await;
}

/// A job that has come due on its way.
pub async fn reserve_due(cell: &Cell<'_>) {
    let job = NewJob { when: When::After(MINUTE), ..cell.job() };
    cell.put(std::slice::from_ref(&job)).await;
    cell.place.clock.advance(MINUTE);
    takes(cell, &[job]).await;
    cell.counts(|stats| (stats.reserved, stats.counters.enqueued) = (1, 1)).await;
}

/// Takes these, each once, under tokens that hold.
async fn takes(cell: &Cell<'_>, jobs: &[NewJob]) {
    let (worker, queues) = (cell.worker(), [cell.queue.clone()]);
    let (mut held, all) = (Vec::new(), jobs.len());
    // What a transaction that hangs has locked is passed over until the server gives up on it.
    while held.len() < all {
        let call = chance::call_id();
        let left = all - held.len();
        let take = async |is_repeat| cell.faulty().reserve(&request(&worker, &queues, left, call, is_repeat)).await;
        held.extend(cell.insist(take).await.answer.jobs.into_iter().map(|job| job.reservation));
    }
    let taken: Vec<JobId> = held.iter().map(|held| held.job).collect();
    assert_eq!(taken, jobs.iter().map(NewJob::id).collect::<Vec<_>>(), "{cell:?}");
    for id in taken {
        cell.is(id, State::Reserved, 1).await;
    }
    let reply = cell.clean().extend(&Beat { worker: &worker, lease: LEASE, held: &held }).await.unwrap();
    assert!(reply.lost.is_empty() && reply.unknown.is_empty(), "{cell:?}: {reply:?}");
}

pub async fn extend(cell: &Cell<'_>) {
    let worker = cell.worker();
    let (held, stray) = (cell.held().await, cell.held().await);
    cell.place.clock.advance(LEASE - Duration::from_secs(1));
    let known = [held.reservation.clone()];
    let beat = Beat { worker: &worker, lease: LEASE, held: &known };
    let told = cell.insist(async |_| cell.faulty().extend(&beat).await).await;
    let unknown: Vec<_> = told.answer.unknown.iter().map(|job| &job.reservation).collect();
    assert_eq!((told.answer.lost.len(), unknown), (0, vec![&stray.reservation]), "{cell:?}");
    // It holds from the beat on.
    cell.place.clock.advance(LEASE - Duration::from_secs(1));
    assert_eq!(reclaimed(cell).await, [], "{cell:?}");
    cell.counts(|stats| (stats.reserved, stats.counters.enqueued) = (2, 2)).await;
    for job in [held, stray] {
        assert_eq!(cell.settle(ending(&job, Settlement::Complete)).await, Settled::Done, "{cell:?}");
    }
}

pub async fn reclaim(cell: &Cell<'_>) {
    let dead = cell.held().await;
    cell.place.clock.advance(LEASE + MINUTE);
    let sweeper = sweeper(cell);
    let mut told = sweeps(cell, &sweeper).await;
    while told.answer.is_empty() {
        told = sweeps(cell, &sweeper).await;
    }
    let [job] = &told.answer[..] else { panic!("{cell:?}: {told:?}") };
    let (before, now) = (&dead.reservation, &job.reservation);
    assert_eq!((now.job, now.token.attempt), (before.job, 1), "{cell:?}");
    assert!(told.may_be_repeated || job.lost.is_some(), "{cell:?}: whose job it was is told");
    assert_eq!(cell.settle(ending(&dead, Settlement::Complete)).await, Settled::Stale, "{cell:?}");
    assert_eq!(cell.settle(ending(job, Settlement::Release { delay: Duration::ZERO })).await, Settled::Done);
    cell.is(before.job, State::Pending, 1).await;
    cell.counts(|stats| (stats.pending[1], stats.counters.enqueued, stats.counters.retried) = (1, 1, 1)).await;
}

async fn sweeps(cell: &Cell<'_>, sweeper: &WorkerId) -> Told<Vec<ReservedJob>> {
    let call = chance::call_id();
    cell.insist(async |is_repeat| cell.faulty().reclaim(&request(sweeper, &[], 100, call, is_repeat)).await).await
}

/// It leaves what it holds.
pub async fn retire(cell: &Cell<'_>) {
    let held = cell.held().await;
    let worker = cell.worker();
    cell.insist(async |_| cell.faulty().retire(&worker).await).await;
    assert_eq!(reclaimed(cell).await, [], "{cell:?}");
    assert_eq!(cell.settle(ending(&held, Settlement::Complete)).await, Settled::Done, "{cell:?}");
    cell.insist(async |_| cell.faulty().retire(&worker).await).await;
    cell.counts(|stats| {
        (stats.completed, stats.counters.enqueued, stats.counters.processed) = (1, 1, 1);
    })
    .await;
}

// What ends

pub async fn complete(cell: &Cell<'_>) {
    let id = settles(cell, Settlement::Complete).await;
    cell.is(id, State::Completed, 1).await;
    cell.counts(|stats| (stats.completed, stats.counters.enqueued, stats.counters.processed) = (1, 1, 1)).await;
}

/// With jobs that follow from it, in another queue and in its own.
pub async fn complete_then(cell: &Cell<'_>) {
    let held = cell.held().await;
    let other = beside(cell);
    let then = vec![job_on(&other), cell.job()];
    let settle = [Settle { then: then.clone(), ..ending(&held, Settlement::Complete) }];
    let told = cell.insist(async |_| cell.faulty().settle(&settle).await).await;
    told.is_once(cell, &vec![Settled::Done], &vec![Settled::Repeated]);
    // At the latest with a promote by anyone, once its writer has had its time.
    cell.place.clock.advance(MINUTE);
    cell.clean().promote(100).await.unwrap();
    cell.is(held.reservation.job, State::Completed, 1).await;
    cell.is(then[0].id(), State::Pending, 0).await;
    cell.is(then[1].id(), State::Pending, 0).await;
    cell.counts_of(&other, |stats| (stats.pending[1], stats.counters.enqueued) = (1, 1)).await;
    cell.counts(|stats| {
        (stats.completed, stats.pending[1]) = (1, 1);
        (stats.counters.enqueued, stats.counters.processed) = (2, 1);
    })
    .await;
}

pub async fn release(cell: &Cell<'_>) {
    let id = settles(cell, Settlement::Release { delay: Duration::ZERO }).await;
    cell.is(id, State::Pending, 1).await;
    cell.counts(|stats| (stats.pending[1], stats.counters.enqueued, stats.counters.retried) = (1, 1, 1)).await;
}

pub async fn release_later(cell: &Cell<'_>) {
    let id = settles(cell, Settlement::Release { delay: MINUTE }).await;
    cell.is(id, State::Delayed, 1).await;
    cell.counts(|stats| (stats.delayed, stats.counters.enqueued, stats.counters.retried) = (1, 1, 1)).await;
}

pub async fn snooze(cell: &Cell<'_>) {
    let id = settles(cell, Settlement::Snooze { delay: MINUTE }).await;
    cell.is(id, State::Delayed, 0).await;
    cell.counts(|stats| (stats.delayed, stats.counters.enqueued) = (1, 1)).await;
}

pub async fn requeue(cell: &Cell<'_>) {
    let id = settles(cell, Settlement::Requeue).await;
    cell.is(id, State::Pending, 0).await;
    has_pending(cell, 1).await;
}

pub async fn fail(cell: &Cell<'_>) {
    let id = settles(cell, failure()).await;
    cell.is(id, State::Failed, 1).await;
    cell.counts(|stats| {
        (stats.failed, stats.counters.enqueued) = (1, 1);
        (stats.counters.processed, stats.counters.failed) = (1, 1);
    })
    .await;
}

pub async fn give_up(cell: &Cell<'_>) {
    let id = settles(cell, Settlement::Cancel).await;
    cell.is(id, State::Cancelled, 1).await;
    cell.counts(|stats| (stats.cancelled, stats.counters.enqueued) = (1, 1)).await;
}

/// Some of each kind in one call, a stale one among them.
pub async fn settle_batch(cell: &Cell<'_>) {
    let (first, second, third, stale) = (cell.held().await, cell.held().await, cell.held().await, cell.held().await);
    let mut of_another_call = ending(&stale, Settlement::Complete);
    of_another_call.reservation.token.call = chance::call_id();
    let batch = [
        Settle { counted: Some(Counted::Timeout), ..ending(&first, Settlement::Release { delay: MINUTE }) },
        ending(&second, Settlement::Complete),
        of_another_call,
        ending(&third, failure()),
    ];
    let told = cell.insist(async |_| cell.faulty().settle(&batch).await).await;
    let with_stale = |other| vec![other, other, Settled::Stale, other];
    told.is_once(cell, &with_stale(Settled::Done), &with_stale(Settled::Repeated));
    cell.is(stale.reservation.job, State::Reserved, 1).await;
    cell.counts(|stats| {
        (stats.delayed, stats.completed, stats.failed, stats.reserved) = (1, 1, 1, 1);
        (stats.counters.enqueued, stats.counters.processed, stats.counters.failed) = (4, 2, 1);
        (stats.counters.retried, stats.counters.timeouts) = (1, 1);
    })
    .await;
}

/// Settles a job under the fault, and again when all is well; its id.
async fn settles(cell: &Cell<'_>, settlement: Settlement) -> JobId {
    let held = cell.held().await;
    let settle = ending(&held, settlement);
    let told = cell.insist(async |_| cell.faulty().settle(std::slice::from_ref(&settle)).await).await;
    told.is_once(cell, &vec![Settled::Done], &vec![Settled::Repeated]);
    assert_eq!(cell.settle(settle).await, Settled::Repeated, "{cell:?}");
    held.reservation.job
}

// Housekeeping

pub async fn promote(cell: &Cell<'_>) {
    let jobs: Vec<NewJob> = (0..3).map(|_| NewJob { when: When::After(MINUTE), ..cell.job() }).collect();
    cell.put(&jobs).await;
    cell.place.clock.advance(MINUTE);
    let are_pending = async || cell.pending().await == 3;
    cell.insist_until(3, async || cell.faulty().promote(100).await, are_pending).await;
    for job in &jobs {
        cell.is(job.id(), State::Pending, 0).await;
    }
    has_pending(cell, 3).await;
}

pub async fn prune(cell: &Cell<'_>) {
    let held = cell.held().await;
    assert_eq!(cell.settle(ending(&held, Settlement::Complete)).await, Settled::Done);
    let kept = cell.put_one().await;
    cell.place.clock.advance(MINUTE);
    let nothing = Retention { ttl: Duration::ZERO, max_records: 0 };
    let is_gone = async || cell.clean().find(held.reservation.job).await.unwrap() == Found::Expired;
    cell.insist_until(1, async || cell.faulty().prune(nothing, 100).await, is_gone).await;
    cell.is(kept, State::Pending, 0).await;
    cell.counts(|stats| (stats.pending[1], stats.counters.enqueued, stats.counters.processed) = (1, 2, 1)).await;
    // Out of the way of the cells that follow.
    assert_eq!(cell.clean().purge(&cell.queue, None, 9).await.unwrap(), 1);
}

// What they share

async fn has_pending(cell: &Cell<'_>, count: u64) {
    cell.counts(|stats| (stats.pending[1], stats.counters.enqueued) = (count, count)).await;
}

/// What another worker could take over now.
async fn reclaimed(cell: &Cell<'_>) -> Vec<ReservedJob> {
    cell.clean().reclaim(&request(&sweeper(cell), &[], 100, chance::call_id(), false)).await.unwrap()
}

fn sweeper(cell: &Cell<'_>) -> WorkerId {
    WorkerId::new(&format!("sweeper-{}", cell.queue)).unwrap()
}

fn beside(cell: &Cell<'_>) -> QueueName {
    QueueName::new(&format!("{}-beside", cell.queue)).unwrap()
}

fn failure() -> Settlement {
    Settlement::Fail { error: JobError::of(ErrorKind::Error, "it went wrong") }
}

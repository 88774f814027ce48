//! A caller that repeats what failed, as the worker does, and is told what its call came to.
//!
//! Under lost answers a case's exact expectations still hold of what the calls *did*. So the answer passed on is the lost
//! one, and the repetition is held against it: [`Insisting`] knows for each verb what a store must say to a call that it
//! has done already, and whatever else it says fails the case. Nothing is forgiven that had no fault.

use std::collections::BTreeSet;
use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use journeyman::clock::Timestamp;
use journeyman::job::{JobId, Priority, QueueName};
use journeyman::queue::{
    Beat, BeatReply, Cancelled, Control, Driver, Finding, Forgotten, Found, Hastened, Inspector, Listing, NewJob, Note,
    NoteKey, NoteKind, NoteRange, Notes, Operator, Page, PushOutcome, QueueStats, Repaired, ReserveRequest, Reserved,
    ReservedJob, Retention, Retried, Retry, Settle, Settled, State, StoreError, Unit, Verified, Verifier, WorkerId,
};
use journeyman::testing::FaultyStore;
use journeyman::wake::Wakeups;

/// Failures in a row after which it is the store that is broken.
const TRIES: usize = 30;

type Call<'c, T> = BoxFuture<'c, Result<T, StoreError>>;

#[derive(Debug)]
pub struct Insisting {
    inner: FaultyStore,
}

impl Insisting {
    pub fn new(inner: FaultyStore) -> Self {
        Self { inner }
    }

    /// Calls until there is an answer. `call` is told what was lost so far, if anything; `settle` makes one of the lost
    /// answer and the answer to its repetition.
    async fn insist<'c, T: Debug + Send + Sync + 'static>(
        &self,
        call: impl Fn(Option<&T>) -> Call<'c, T>,
        settle: impl Fn(T, T) -> T,
    ) -> Result<T, StoreError> {
        let mut lost: Option<T> = None;
        let settle = |lost: Option<T>, answer| match lost {
            Some(lost) => settle(lost, answer),
            None => answer,
        };
        for _ in 0..TRIES {
            match call(lost.as_ref()).await {
                Ok(answer) => return Ok(settle(lost, answer)),
                Err(StoreError::Unknown(reason)) => {
                    let answer = self.inner.lost_answer().unwrap_or_else(|| panic!("no fault of ours: {reason}"));
                    lost = Some(settle(lost, answer));
                }
                Err(passing) if passing.is_passing() => {}
                Err(lasting) => return Err(lasting),
            }
        }
        panic!("{TRIES} failures in a row");
    }

    /// For a call that changes nothing, or the same again: the latest answer is as good as the first.
    async fn repeat<'c, T: Debug + Send + Sync + 'static>(
        &self,
        call: impl Fn() -> Call<'c, T>,
    ) -> Result<T, StoreError> {
        self.insist(|_| call(), |_, again| again).await
    }

    /// For a call that is answered with `done_before` if it was done already.
    async fn once<'c, T: Debug + Copy + PartialEq + Send + Sync + 'static>(
        &self,
        call: impl Fn() -> Call<'c, T>,
        done_before: impl Fn(T) -> T,
    ) -> Result<T, StoreError> {
        let settle = |first, again| {
            assert_eq!(again, done_before(first), "the answer to a repetition of what came to {first:?}");
            first
        };
        self.insist(|_| call(), settle).await
    }

    /// For a batch of such calls.
    async fn once_each<'c, T: Debug + Copy + PartialEq + Send + Sync + 'static>(
        &self,
        call: impl Fn() -> Call<'c, Vec<T>>,
        done_before: impl Fn(T) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let settle = |first: Vec<T>, again: Vec<T>| {
            let expected: Vec<T> = first.iter().map(|outcome| done_before(*outcome)).collect();
            assert_eq!(again, expected, "the answer to a repetition of what came to {first:?}");
            first
        };
        self.insist(|_| call(), settle).await
    }

    /// For a call that does up to so much: a repetition may do what is left of it, and no more.
    async fn up_to<'c>(&self, max: usize, call: impl Fn(usize) -> Call<'c, usize>) -> Result<usize, StoreError> {
        let rest = |lost: Option<&usize>| call(max - lost.copied().unwrap_or(0));
        let settle = |first, again| {
            assert!(first + again <= max, "{first} and then {again} were done of at most {max}");
            first + again
        };
        self.insist(rest, settle).await
    }
}

/// A job that was taken is taken again with the same token, body and trail; in what order is not promised.
fn assert_same_jobs(again: &[ReservedJob], first: &[ReservedJob]) {
    let sorted = |jobs: &[ReservedJob]| {
        // Whose job it was is told once, to who takes it over.
        let mut jobs: Vec<ReservedJob> = jobs.iter().map(|job| ReservedJob { lost: None, ..job.clone() }).collect();
        jobs.sort_by_key(|job| job.reservation.job);
        jobs
    };
    assert_eq!(sorted(again), sorted(first), "what a repeated call hands out is what the first one took");
}

#[async_trait]
impl Driver for Insisting {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        let done_before = |first| match first {
            PushOutcome::Stored { .. } => PushOutcome::Repeated,
            other => other,
        };
        self.once_each(|| self.inner.push(jobs, unit), done_before).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        let settle = |first: Reserved, again: Reserved| {
            if first.jobs.is_empty() {
                // Having taken nothing, it was a fresh call.
                return again;
            }
            assert_same_jobs(&again.jobs, &first.jobs);
            assert_eq!(again.next_due, first.next_due);
            first
        };
        let call = |lost: Option<&Reserved>| -> Call<'_, Reserved> {
            let request = ReserveRequest { is_repeat: request.is_repeat || lost.is_some(), ..*request };
            Box::pin(async move { self.inner.reserve(&request).await })
        };
        self.insist(call, settle).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        let settle = |first: BeatReply, again: BeatReply| {
            let lost = |reply: &BeatReply| reply.lost.iter().map(|lost| lost.job).collect::<BTreeSet<_>>();
            assert_eq!(lost(&again), lost(&first));
            assert_same_jobs(&again.unknown, &first.unknown);
            first
        };
        self.insist(|_| self.inner.extend(beat), settle).await
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        let done_before = |first| match first {
            Settled::Done => Settled::Repeated,
            other => other,
        };
        self.once_each(|| self.inner.settle(batch), done_before).await
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.up_to(max, |max| self.inner.promote(max)).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        let settle = |first: Vec<ReservedJob>, again: Vec<ReservedJob>| {
            if first.is_empty() {
                return again;
            }
            assert_same_jobs(&again, &first);
            first
        };
        let call = |lost: Option<&Vec<ReservedJob>>| -> Call<'_, Vec<ReservedJob>> {
            let request = ReserveRequest { is_repeat: request.is_repeat || lost.is_some(), ..*request };
            Box::pin(async move { self.inner.reclaim(&request).await })
        };
        self.insist(call, settle).await
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.repeat(|| self.inner.retire(worker)).await
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        self.up_to(max, |max| self.inner.prune(retention, max)).await
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.inner.wakeups(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        self.repeat(|| self.inner.durability()).await
    }
}

#[async_trait]
impl Inspector for Insisting {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        self.repeat(|| self.inner.find(id)).await
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        self.repeat(|| self.inner.queues()).await
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        self.repeat(|| self.inner.stats(queues)).await
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        self.repeat(|| self.inner.time()).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.repeat(|| self.inner.ping()).await
    }
}

#[async_trait]
impl Operator for Insisting {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.repeat(|| self.inner.list(listing)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        let done_before = |first| match first {
            Cancelled::Done => Cancelled::Not(State::Cancelled),
            other => other,
        };
        self.once(|| self.inner.cancel(job), done_before).await
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        let done_before = |first| match first {
            Hastened::Done => Hastened::Not(State::Pending),
            other => other,
        };
        self.once(|| self.inner.hasten(job), done_before).await
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        let done_before = |first| match first {
            Retried::Done => Retried::Not(State::Pending),
            other => other,
        };
        self.once(|| self.inner.retry(retry), done_before).await
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        let done_before = |first| match first {
            Forgotten::Done => Forgotten::Nothing,
            other => other,
        };
        self.once(|| self.inner.forget(job), done_before).await
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        let settle = |first, again| {
            assert!(first == max || again == 0, "{first} of {max} were purged, and then {again} more");
            first + again
        };
        let purge = |lost: Option<&usize>| self.inner.purge(queue, priority, max - lost.copied().unwrap_or(0));
        self.insist(purge, settle).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.repeat(|| self.inner.pause(queue)).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.repeat(|| self.inner.resume(queue)).await
    }

    /// Signals add up, so whoever is left without an answer looks whether the signal was given.
    async fn signal_restart(&self) -> Result<(), StoreError> {
        let before = self.control().await?.restarts;
        for _ in 0..TRIES {
            match self.inner.signal_restart().await {
                Err(lasting) if !lasting.is_passing() => return Err(lasting),
                Err(_) if self.control().await?.restarts == before => {}
                Ok(()) | Err(_) => return Ok(()),
            }
        }
        panic!("{TRIES} failures in a row");
    }

    async fn control(&self) -> Result<Control, StoreError> {
        self.repeat(|| self.inner.control()).await
    }
}

#[async_trait]
impl Notes for Insisting {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        self.repeat(|| self.inner.write_notes(notes)).await
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        self.repeat(|| self.inner.read_notes(range)).await
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        self.once(|| self.inner.erase_note(kind, key), |_| false).await
    }
}

#[async_trait]
impl Verifier for Insisting {
    async fn verify(&self) -> Result<Verified, StoreError> {
        self.repeat(|| self.inner.verify()).await
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        self.insist(|_| Box::pin(self.inner.repair(finding)), |lost, _| lost).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use journeyman::clock::ManualClock;
    use journeyman::drivers::memory::MemoryStore;
    use journeyman::drivers::null::NullStore;
    use journeyman::queue::{CallId, Settlement, Store};
    use journeyman::testing::{Fault, Operation};

    use super::super::harness::{ending, fail, worker_id};
    use super::super::jobs::{Building, QUEUE, job, queue, queues};
    use super::*;

    /// A caller of a store, each of whose next calls fails: before its work, after it, and after it again.
    fn unlucky(store: impl Store + 'static) -> Insisting {
        let faulty = FaultyStore::new(Arc::new(store));
        let operations = [
            Operation::Push,
            Operation::Reserve,
            Operation::Extend,
            Operation::Settle,
            Operation::Promote,
            Operation::Reclaim,
            Operation::Retire,
            Operation::Prune,
            Operation::Operate,
            Operation::Note,
            Operation::Read,
        ];
        // More than a test makes calls of any kind.
        for operation in operations.into_iter().cycle().take(200) {
            for fault in [Fault::Before, Fault::After, Fault::After] {
                faulty.plan(operation, fault);
            }
            // The call that is answered.
            faulty.plan(operation, Fault::Late(Duration::ZERO));
        }
        Insisting::new(faulty)
    }

    fn unlucky_memory() -> (Insisting, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (unlucky(MemoryStore::new(clock.clone())), clock)
    }

    fn request<'a>(worker: &'a WorkerId, queues: &'a [QueueName], call: u64) -> ReserveRequest<'a> {
        let (order, lease, call) = (Priority::DESCENDING, Duration::from_secs(30), CallId(call));
        ReserveRequest { worker, queues, order, max: 2, lease, call, is_repeat: false }
    }

    #[tokio::test]
    async fn a_lost_answer_of_any_verb_is_told_all_the_same() {
        let (store, clock) = unlucky_memory();
        let (worker, queues) = (worker_id("worker"), queues(&[QUEUE]));
        let jobs = [job().unique("key"), job().unique("key"), job(), job().after(Duration::from_secs(5))];
        let stored = PushOutcome::Stored { delayed: false };
        let outcomes = store.push(&jobs, Unit::Queue).await.unwrap();
        let delayed = PushOutcome::Stored { delayed: true };
        assert_eq!(outcomes, [stored, PushOutcome::Duplicate(jobs[0].id()), stored, delayed]);
        let held = store.reserve(&request(&worker, &queues, 1)).await.unwrap();
        assert_eq!((held.jobs.len(), held.next_due), (2, Some(Duration::from_secs(5))));
        let beat = Beat { worker: &worker, lease: Duration::from_secs(30), held: &[] };
        assert_eq!(store.extend(&beat).await.unwrap().unknown.len(), 2);
        let failing = ending(&held.jobs[0], fail(journeyman::job::ErrorKind::Error));
        assert_eq!(store.settle(&[failing]).await.unwrap(), [Settled::Done]);
        clock.advance(Duration::from_secs(31));
        assert_eq!(store.promote(9).await.unwrap(), 1);
        let reaper = worker_id("reaper");
        let lost = store.reclaim(&request(&reaper, &[], 2)).await.unwrap();
        assert_eq!(lost[0].lost.as_ref().map(|lost| &*lost.worker), Some("worker"));
        assert_eq!(store.settle(&[ending(&lost[0], Settlement::Complete)]).await.unwrap(), [Settled::Done]);
        assert_eq!(store.retry(&Retry { job: jobs[0].id(), trail: "".into() }).await.unwrap(), Retried::Done);
        assert_eq!(store.cancel(jobs[0].id()).await.unwrap(), Cancelled::Done);
        assert_eq!(store.forget(jobs[0].id()).await.unwrap(), Forgotten::Done);
        assert_eq!(store.purge(&queue(QUEUE), None, 9).await.unwrap(), 1);
        let later = job().after(Duration::from_secs(500));
        store.push(std::slice::from_ref(&later), Unit::Queue).await.unwrap();
        assert_eq!(store.hasten(later.id()).await.unwrap(), Hastened::Done);
        let key = NoteKey::new("a").unwrap();
        let note = Note { kind: NoteKind::Order, key: key.clone(), body: "{}".into(), keep: Duration::from_secs(9) };
        store.write_notes(&[note]).await.unwrap();
        assert_eq!(store.read_notes(&NoteRange::one(NoteKind::Order, &key)).await.unwrap().len(), 1);
        assert!(store.erase_note(NoteKind::Order, &key).await.unwrap());
        store.signal_restart().await.unwrap();
        store.pause(&queue(QUEUE)).await.unwrap();
        let control = store.control().await.unwrap();
        assert_eq!((control.restarts, control.paused), (1, vec![queue(QUEUE)]));
        clock.advance(Duration::from_secs(100));
        let retention = Retention { ttl: Duration::from_secs(1), max_records: 9 };
        assert_eq!(store.prune(retention, 9).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn no_more_is_done_for_being_repeated() {
        let (store, clock) = unlucky_memory();
        let jobs: Vec<NewJob> = (0..5).map(|_| job().after(Duration::from_secs(5))).collect();
        store.push(&jobs, Unit::Queue).await.unwrap();
        clock.advance(Duration::from_secs(5));
        assert_eq!(store.promote(2).await.unwrap(), 2);
        assert_eq!(store.purge(&queue(QUEUE), None, 3).await.unwrap(), 3);
        assert_eq!(store.purge(&queue(QUEUE), None, 3).await.unwrap(), 2);
    }

    /// It stores whatever it is given, as if for the first time.
    #[tokio::test]
    #[should_panic(expected = "the answer to a repetition")]
    async fn a_store_that_does_not_know_its_jobs_again_is_found_out() {
        let _ = unlucky(NullStore::default()).push(&[job()], Unit::Queue).await;
    }
}

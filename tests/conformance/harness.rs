//! What a case works with: a store, its clock, and the moves in short.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use journeyman::clock::{Clock, ManualClock, Timestamp};
use journeyman::job::{ErrorKind, JobError, JobId, Priority, QueueName};
use journeyman::queue::{
    Beat, BeatReply, CallId, Class, Cursor, Found, JobRecord, Listing, NewJob, Page, PushOutcome, QueueStats,
    Reservation, ReserveRequest, Reserved, ReservedJob, Retried, Retry, Settle, Settled, Settlement, State, Store,
    Unit, WorkerId,
};

use super::jobs::{Building, Ids, QUEUE, job, job_on, queue, queues, seconds};
use super::stores::Backend;

/// The lease of every worker of a case.
pub const LEASE: Duration = Duration::from_secs(30);
/// The worker of cases that need only one.
pub const WORKER: &str = "worker-1";

#[derive(Debug)]
pub struct Harness {
    pub store: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
    backend: Box<dyn Backend>,
    /// All that was stored, for [`Harness::check`].
    known: Mutex<BTreeMap<QueueName, Vec<JobId>>>,
    /// Those of them that were purged or forgotten.
    gone: Mutex<BTreeSet<JobId>>,
    /// Jobs per queue whose ids were used again elsewhere.
    moved: Mutex<BTreeMap<QueueName, u64>>,
    calls: AtomicU64,
}

impl Harness {
    pub async fn on(backend: impl FnOnce(Arc<ManualClock>) -> Box<dyn Backend>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let backend = backend(clock.clone());
        let store = backend.open().await;
        Self {
            store,
            clock,
            backend,
            known: Mutex::default(),
            gone: Mutex::default(),
            moved: Mutex::default(),
            calls: AtomicU64::new(0),
        }
    }

    /// Another handle on the same data, as another process would have.
    pub async fn second(&self) -> Arc<dyn Store> {
        self.backend.open().await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    // Pushing

    /// Pushes jobs and remembers those stored; outcomes in order.
    pub async fn put(&self, jobs: &[NewJob]) -> Vec<PushOutcome> {
        self.put_as(jobs, Unit::Queue).await
    }

    pub async fn put_as(&self, jobs: &[NewJob], unit: Unit) -> Vec<PushOutcome> {
        let outcomes = self.store.push(jobs, unit).await.unwrap();
        assert_eq!(outcomes.len(), jobs.len(), "one outcome per job");
        let mut known = self.known.lock().unwrap();
        for (job, outcome) in jobs.iter().zip(&outcomes) {
            if matches!(outcome, PushOutcome::Stored { .. }) {
                known.entry(job.envelope.queue.clone()).or_default().push(job.id());
            }
        }
        outcomes
    }

    /// Pushes jobs that must all be stored; their ids in order.
    pub async fn stored(&self, jobs: &[NewJob]) -> Vec<JobId> {
        let outcomes = self.put(jobs).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, PushOutcome::Stored { .. })), "{outcomes:?}");
        jobs.ids()
    }

    /// Remembers that a job was taken out of the store for good.
    pub fn removed(&self, id: JobId) {
        self.gone.lock().unwrap().insert(id);
    }

    /// Remembers that a job no longer counts as one of a queue's: its id was used again elsewhere.
    pub fn removed_from(&self, name: &str, id: JobId) {
        self.gone.lock().unwrap().remove(&id);
        let mut moved = self.moved.lock().unwrap();
        *moved.entry(queue(name)).or_default() += 1;
        self.known.lock().unwrap().entry(queue(name)).or_default().retain(|known| *known != id);
    }

    /// Remembers a job that the case stored by itself.
    pub fn adopt(&self, queue: &QueueName, id: JobId) {
        self.known.lock().unwrap().entry(queue.clone()).or_default().push(id);
    }

    pub async fn push_one(&self, job: NewJob) -> JobId {
        self.stored(&[job]).await[0]
    }

    pub async fn push(&self, count: usize) -> Vec<JobId> {
        self.push_to(QUEUE, count).await
    }

    pub async fn push_to(&self, queue: &str, count: usize) -> Vec<JobId> {
        let jobs: Vec<NewJob> = (0..count).map(|_| job_on(queue)).collect();
        self.stored(&jobs).await
    }

    pub async fn push_delayed(&self, delay: u64) -> JobId {
        self.push_one(job().after(seconds(delay))).await
    }

    // Reserving

    /// A call's name; large, so that a store that rounds numbers is found out.
    pub fn call(&self) -> CallId {
        CallId(u64::MAX - self.calls.fetch_add(1, Ordering::SeqCst))
    }

    /// `reserve` in full.
    pub async fn ask(&self, worker: &str, names: &[&str], max: usize, call: CallId, is_repeat: bool) -> Reserved {
        let (worker, queues) = (worker_id(worker), queues(names));
        let request = ReserveRequest {
            worker: &worker,
            queues: &queues,
            order: Priority::DESCENDING,
            max,
            lease: LEASE,
            call,
            is_repeat,
        };
        self.store.reserve(&request).await.unwrap()
    }

    pub async fn reserve(&self, max: usize) -> Vec<ReservedJob> {
        self.reserve_as(WORKER, &[QUEUE], max).await
    }

    pub async fn reserve_as(&self, worker: &str, names: &[&str], max: usize) -> Vec<ReservedJob> {
        self.ask(worker, names, max, self.call(), false).await.jobs
    }

    pub async fn next_due(&self) -> Option<Duration> {
        self.ask(WORKER, &[QUEUE], 0, self.call(), false).await.next_due
    }

    /// A job pushed and in the hands of [`WORKER`].
    pub async fn held(&self) -> ReservedJob {
        self.push(1).await;
        self.take().await
    }

    /// The next job of the queue, for [`WORKER`].
    pub async fn take(&self) -> ReservedJob {
        self.take_as(WORKER).await
    }

    pub async fn take_as(&self, worker: &str) -> ReservedJob {
        self.reserve_as(worker, &[QUEUE], 1).await.pop().expect("a job waits")
    }

    /// `reserve` in another order of priorities than the strict one.
    pub async fn reserve_in(&self, order: [Priority; 4], max: usize) -> Vec<ReservedJob> {
        let (worker, queues) = (worker_id(WORKER), queues(&[QUEUE]));
        let call = self.call();
        let request =
            ReserveRequest { worker: &worker, queues: &queues, order, max, lease: LEASE, call, is_repeat: false };
        self.store.reserve(&request).await.unwrap().jobs
    }

    // Leases

    pub async fn beat(&self, worker: &str, held: &[Reservation]) -> BeatReply {
        let worker = worker_id(worker);
        self.store.extend(&Beat { worker: &worker, lease: LEASE, held }).await.unwrap()
    }

    /// `reclaim` in full.
    pub async fn sweep(&self, worker: &str, max: usize, call: CallId, is_repeat: bool) -> Vec<ReservedJob> {
        let worker = worker_id(worker);
        let request = ReserveRequest {
            worker: &worker,
            queues: &[],
            order: Priority::DESCENDING,
            max,
            lease: LEASE,
            call,
            is_repeat,
        };
        self.store.reclaim(&request).await.unwrap()
    }

    pub async fn reclaim(&self, worker: &str) -> Vec<ReservedJob> {
        self.sweep(worker, 100, self.call(), false).await
    }

    /// Lets every lease of now end.
    pub fn outlive_leases(&self) {
        self.advance(LEASE + seconds(1));
    }

    // Settling

    pub async fn settle(&self, job: &ReservedJob, settlement: Settlement) -> Settled {
        self.settle_all(&[ending(job, settlement)]).await[0]
    }

    pub async fn settle_all(&self, batch: &[Settle]) -> Vec<Settled> {
        let outcomes = self.store.settle(batch).await.unwrap();
        assert_eq!(outcomes.len(), batch.len(), "one outcome per settlement");
        outcomes
    }

    /// Settles a job that must be this worker's.
    pub async fn done(&self, job: &ReservedJob, settlement: Settlement) {
        assert_eq!(self.settle(job, settlement).await, Settled::Done);
    }

    /// Settles a job with others that follow from it, and remembers those.
    pub async fn done_then(&self, job: &ReservedJob, settlement: Settlement, then: &[NewJob]) {
        let settle = Settle { then: then.to_vec(), ..ending(job, settlement) };
        assert_eq!(self.settle_all(&[settle]).await, [Settled::Done]);
        then.iter().for_each(|job| self.adopt(&job.envelope.queue, job.id()));
    }

    /// A job that has failed for good.
    pub async fn failed(&self) -> JobId {
        self.failed_in(QUEUE).await
    }

    pub async fn failed_in(&self, name: &str) -> JobId {
        self.push_one(job_on(name).priority(Priority::Critical)).await;
        let held = self.reserve_as(WORKER, &[name], 1).await.pop().expect("a job waits");
        self.done(&held, fail(ErrorKind::Error)).await;
        held.reservation.job
    }

    // Operating

    pub async fn list(&self, state: State, max: usize, after: Option<Cursor>) -> Page {
        self.store.list(&Listing { queue: queue(QUEUE), state, after, max }).await.unwrap()
    }

    /// The ids of all jobs in a state, read page by page.
    pub async fn listed(&self, state: State, page: usize) -> Vec<JobId> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let Page { jobs, next } = self.list(state, page, after).await;
            assert!(jobs.len() <= page && jobs.iter().all(|job| job.state == state));
            ids.extend(jobs.iter().map(|job| job.id));
            match next {
                Some(next) => after = Some(next),
                None => return ids,
            }
        }
    }

    pub async fn retry(&self, id: JobId) -> Retried {
        let trail = match self.find(id).await {
            Found::Here(record) => record.trail.retried().encode(),
            Found::Expired | Found::Nothing => Bytes::new(),
        };
        self.store.retry(&Retry { job: id, trail }).await.unwrap()
    }

    // Looking

    pub async fn find(&self, id: JobId) -> Found {
        self.store.find(id).await.unwrap()
    }

    pub async fn record(&self, id: JobId) -> JobRecord {
        match self.find(id).await {
            Found::Here(record) => *record,
            other => panic!("{id}: {other:?}"),
        }
    }

    pub async fn state(&self, id: JobId) -> State {
        self.record(id).await.state
    }

    pub async fn stats(&self) -> QueueStats {
        self.stats_of(QUEUE).await
    }

    pub async fn stats_of(&self, name: &str) -> QueueStats {
        self.store.stats(&[queue(name)]).await.unwrap().pop().unwrap()
    }

    /// Every job and every number: what a refused call must leave as it was.
    pub async fn everything(&self) -> (Vec<Found>, Vec<QueueStats>) {
        let known = self.known.lock().unwrap().clone();
        let mut found = Vec::new();
        for id in known.values().flatten() {
            found.push(self.find(*id).await);
        }
        let names: Vec<QueueName> = known.into_keys().collect();
        (found, self.store.stats(&names).await.unwrap())
    }

    /// What holds after every case: each job is in one state, the numbers of each queue are those of its jobs, and the store
    /// finds nothing wrong with itself.
    pub async fn check(&self) {
        let known = self.known.lock().unwrap().clone();
        let names: Vec<QueueName> = known.keys().cloned().collect();
        assert_eq!(self.store.queues().await.unwrap(), names, "the queues pushed to, by name");
        let stats = self.store.stats(&names).await.unwrap();
        let mut jobs = 0;
        for ((name, ids), stats) in known.iter().zip(stats) {
            let mut counted = QueueStats::empty(name.clone());
            for id in ids {
                match self.find(*id).await {
                    Found::Here(record) => count(&mut counted, &record, *id),
                    Found::Expired => {}
                    Found::Nothing if self.gone.lock().unwrap().contains(id) => {}
                    Found::Nothing => panic!("job {id} of {name} is lost"),
                }
            }
            // Sums since the beginning cannot be told from what is there now.
            counted.counters = stats.counters;
            assert_eq!(stats, counted, "the numbers of {name} are those of its jobs");
            jobs += stats.pending.iter().sum::<u64>() + stats.delayed + stats.reserved;
            jobs += stats.completed + stats.failed + stats.cancelled;
            let moved = self.moved.lock().unwrap().get(name).copied().unwrap_or_default();
            assert_eq!(stats.counters.enqueued, ids.len() as u64 + moved, "enqueued in {name}");
        }
        // P14: whatever a case does, what is stored agrees with itself.
        let verified = self.store.verify().await.unwrap();
        assert!(verified.is_clean(), "{:?}", verified.findings);
        assert_eq!(verified.checked(Class::Jobs), jobs, "each job was looked at");
    }
}

fn count(stats: &mut QueueStats, record: &JobRecord, id: JobId) {
    assert_eq!((record.id, &record.queue), (id, &stats.queue));
    assert!(record.created_at <= record.available_at, "{record:?}");
    assert_eq!(record.worker.is_some(), record.state == State::Reserved, "{record:?}");
    match record.state {
        State::Pending => stats.pending[usize::from(record.priority.as_number()) - 1] += 1,
        State::Delayed => stats.delayed += 1,
        State::Reserved => stats.reserved += 1,
        State::Completed => stats.completed += 1,
        State::Failed => stats.failed += 1,
        State::Cancelled => stats.cancelled += 1,
    }
    let error = record.trail.error.as_ref().filter(|_| record.state == State::Failed);
    stats.system_errors += u64::from(error.is_some_and(|error| error.kind() == ErrorKind::Undecodable));
}

pub fn worker_id(name: &str) -> WorkerId {
    WorkerId::new(name).unwrap()
}

/// A settlement with a trail as the worker would write it.
pub fn ending(job: &ReservedJob, settlement: Settlement) -> Settle {
    let mut trail = journeyman::queue::Trail::decode(&job.trail);
    if let Settlement::Fail { error } = &settlement {
        trail.error = Some(error.clone());
    }
    with_trail(job, settlement, trail.encode())
}

pub fn with_trail(job: &ReservedJob, settlement: Settlement, trail: Bytes) -> Settle {
    Settle { reservation: job.reservation.clone(), settlement, trail, counted: None, then: Vec::new() }
}

pub fn release(delay: u64) -> Settlement {
    Settlement::Release { delay: seconds(delay) }
}

pub fn snooze(delay: u64) -> Settlement {
    Settlement::Snooze { delay: seconds(delay) }
}

pub fn fail(kind: ErrorKind) -> Settlement {
    Settlement::Fail { error: JobError::of(kind, "it went wrong") }
}

/// What the holders of these jobs would show.
pub fn reservations(jobs: &[ReservedJob]) -> Vec<Reservation> {
    jobs.iter().map(|job| job.reservation.clone()).collect()
}

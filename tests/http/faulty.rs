//! A store that can be told to misbehave.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use journeyman::clock::Timestamp;
use journeyman::job::{JobId, Priority, QueueName};
use journeyman::queue::{
    Beat, BeatReply, Cancelled, Control, Driver, Finding, Forgotten, Found, Hastened, Inspector, Listing, NewJob, Note,
    NoteKey, NoteKind, NoteRange, Notes, Operator, Page, PushOutcome, QueueStats, Repaired, ReserveRequest, Reserved,
    ReservedJob, Retention, Retried, Retry, Settle, Settled, Store, StoreError, Unit, Verified, Verifier, WorkerId,
};
use journeyman::wake::Wakeups;

/// How the next calls go wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    Fails(StoreError),
    Hangs,
    Panics,
    /// Only the writing of notes.
    NotesFail(StoreError),
}

#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    fault: Mutex<Option<Fault>>,
    stats: Mutex<Option<QueueStats>>,
    calls: AtomicU64,
    listed: AtomicU64,
}

impl FaultyStore {
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        let (fault, stats) = (Mutex::default(), Mutex::default());
        Arc::new(Self { inner, fault, stats, calls: AtomicU64::default(), listed: AtomicU64::default() })
    }

    /// Calls of the reading and the operator's side, and the records that listings have given, since the last time.
    pub fn take_costs(&self) -> (u64, u64) {
        (self.calls.swap(0, Ordering::Relaxed), self.listed.swap(0, Ordering::Relaxed))
    }

    pub fn break_with(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    pub fn mend(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// Answers with these numbers whatever is stored.
    pub fn pretend(&self, stats: QueueStats) {
        *self.stats.lock().unwrap() = Some(stats);
    }

    async fn suffer(&self) -> Result<(), StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let fault = self.fault.lock().unwrap().clone();
        match fault {
            None | Some(Fault::NotesFail(_)) => Ok(()),
            Some(Fault::Fails(error)) => Err(error),
            Some(Fault::Hangs) => std::future::pending().await,
            Some(Fault::Panics) => panic!("the store at 10.1.2.3 panicked"),
        }
    }
}

#[async_trait]
impl Driver for FaultyStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        self.suffer().await?;
        self.inner.push(jobs, unit).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        self.inner.reserve(request).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        self.inner.extend(beat).await
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        self.inner.settle(batch).await
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.inner.promote(max).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        self.inner.reclaim(request).await
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.inner.retire(worker).await
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        self.inner.prune(retention, max).await
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.inner.wakeups(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        self.suffer().await?;
        self.inner.durability().await
    }
}

#[async_trait]
impl Inspector for FaultyStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        self.suffer().await?;
        self.inner.find(id).await
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        self.suffer().await?;
        let pretended = self.stats.lock().unwrap().as_ref().map(|stats| vec![stats.queue.clone()]);
        match pretended {
            Some(queues) => Ok(queues),
            None => self.inner.queues().await,
        }
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        self.suffer().await?;
        let pretended = self.stats.lock().unwrap().clone();
        match pretended {
            Some(stats) => Ok(vec![stats]),
            None => self.inner.stats(queues).await,
        }
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        self.suffer().await?;
        self.inner.time().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.suffer().await?;
        self.inner.ping().await
    }
}

#[async_trait]
impl Operator for FaultyStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.suffer().await?;
        let page = self.inner.list(listing).await?;
        self.listed.fetch_add(page.jobs.len() as u64, Ordering::Relaxed);
        Ok(page)
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        self.suffer().await?;
        self.inner.cancel(job).await
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        self.suffer().await?;
        self.inner.hasten(job).await
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        self.suffer().await?;
        self.inner.retry(retry).await
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        self.suffer().await?;
        self.inner.forget(job).await
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        self.suffer().await?;
        self.inner.purge(queue, priority, max).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.suffer().await?;
        self.inner.pause(queue).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.suffer().await?;
        self.inner.resume(queue).await
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.suffer().await?;
        self.inner.signal_restart().await
    }

    async fn control(&self) -> Result<Control, StoreError> {
        self.suffer().await?;
        self.inner.control().await
    }
}

#[async_trait]
impl Notes for FaultyStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        self.suffer().await?;
        if let Some(Fault::NotesFail(error)) = self.fault.lock().unwrap().clone() {
            return Err(error);
        }
        self.inner.write_notes(notes).await
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        self.suffer().await?;
        self.inner.read_notes(range).await
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        self.suffer().await?;
        self.inner.erase_note(kind, key).await
    }
}

#[async_trait]
impl Verifier for FaultyStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        self.suffer().await?;
        self.inner.verify().await
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        self.suffer().await?;
        self.inner.repair(finding).await
    }
}

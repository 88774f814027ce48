//! Any store behind a deadline and a breaker: one line a verb.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};

use crate::circuit::{Circuit, Verb};
use crate::clock::Timestamp;
use crate::queue::{
    Beat, BeatReply, Cancelled, Control, Driver, Finding, Forgotten, Found, Hastened, Inspector, Listing, NewJob, Note,
    NoteKey, NoteKind, NoteRange, Notes, Operator, Page, PushOutcome, QueueStats, Repaired, ReserveRequest, Reserved,
    ReservedJob, Retention, Retried, Retry, Settle, Settled, Store, StoreError, Unit, Verified, Verifier, WorkerId,
};
use crate::wake::Wakeups;

/// A store behind a [`Circuit`].
#[derive(Debug)]
pub struct GuardedStore {
    inner: Arc<dyn Store>,
    circuit: Circuit,
}

impl GuardedStore {
    pub fn new(inner: Arc<dyn Store>, circuit: Circuit) -> Self {
        Self { inner, circuit }
    }

    async fn read<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.circuit.call(Verb::Read, call).await
    }

    async fn write<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.circuit.call(Verb::Write, call).await
    }
}

#[async_trait]
impl Driver for GuardedStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        self.write(self.inner.push(jobs, unit)).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        self.write(self.inner.reserve(request)).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        self.circuit.call(Verb::SignOfLife { writes: true }, self.inner.extend(beat)).await
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        self.write(self.inner.settle(batch)).await
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.write(self.inner.promote(max)).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        self.write(self.inner.reclaim(request)).await
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.circuit.call(Verb::SignOfLife { writes: true }, self.inner.retire(worker)).await
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        self.write(self.inner.prune(retention, max)).await
    }

    /// Not a call: it only says whom to tell.
    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.inner.wakeups(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        self.circuit.call(Verb::SignOfLife { writes: false }, self.inner.durability()).await
    }
}

#[async_trait]
impl Inspector for GuardedStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        self.read(self.inner.find(id)).await
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        self.read(self.inner.queues()).await
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        self.read(self.inner.stats(queues)).await
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        self.read(self.inner.time()).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.circuit.call(Verb::SignOfLife { writes: false }, self.inner.ping()).await
    }
}

#[async_trait]
impl Operator for GuardedStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.read(self.inner.list(listing)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        self.write(self.inner.cancel(job)).await
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        self.write(self.inner.hasten(job)).await
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        self.write(self.inner.retry(retry)).await
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        self.write(self.inner.forget(job)).await
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        self.write(self.inner.purge(queue, priority, max)).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.write(self.inner.pause(queue)).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.write(self.inner.resume(queue)).await
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.write(self.inner.signal_restart()).await
    }

    async fn control(&self) -> Result<Control, StoreError> {
        self.read(self.inner.control()).await
    }
}

#[async_trait]
impl Notes for GuardedStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        self.write(self.inner.write_notes(notes)).await
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        self.read(self.inner.read_notes(range)).await
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        self.write(self.inner.erase_note(kind, key)).await
    }
}

#[async_trait]
impl Verifier for GuardedStore {
    /// Many calls, each of which its driver limits: together they may take longer than one may.
    async fn verify(&self) -> Result<Verified, StoreError> {
        self.inner.verify().await
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        self.write(self.inner.repair(finding)).await
    }
}

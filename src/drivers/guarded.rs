//! Any store behind a deadline and a breaker: one line a verb.

use std::sync::Arc;

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};

use crate::circuit::{Circuit, Verb};
use crate::queue::{
    Beat, BeatReply, Driver, Found, Inspector, NewJob, PushOutcome, QueueStats, ReserveRequest, Reserved, ReservedJob,
    Retention, Settle, Settled, Store, StoreError, WorkerId,
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
    async fn push(&self, jobs: &[NewJob]) -> Result<Vec<PushOutcome>, StoreError> {
        self.write(self.inner.push(jobs)).await
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

    async fn ping(&self) -> Result<(), StoreError> {
        self.circuit.call(Verb::SignOfLife { writes: false }, self.inner.ping()).await
    }
}

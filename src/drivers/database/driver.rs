//! The verbs of a job's life, each one transaction.

use async_trait::async_trait;
use journeyman_job::QueueName;

use super::DatabaseStore;
use super::lease::{Extend, Retire};
use super::promote::Promote;
use super::prune::Prune;
use super::push::Push;
use super::reclaim::Reclaim;
use super::settle::SettleBatch;
use crate::chance;
use crate::drivers::takeover::Takeover;
use crate::queue::{
    Beat, BeatReply, Driver, NewJob, PushOutcome, ReserveRequest, Reserved, ReservedJob, Retention, Settle, Settled,
    StoreError, Unit, WorkerId,
};
use crate::wake::Wakeups;

#[async_trait]
impl Driver for DatabaseStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        self.core.change(&Push { jobs, unit, call: chance::call_id() }).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        self.core.reserve(request).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        self.core.change(&Extend(beat)).await
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.core.change(&SettleBatch::new(batch, chance::call_id())).await
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.core.change(&Promote { max }).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        self.core.change(&Reclaim(request, Takeover::begins(request))).await
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.core.change(&Retire(worker)).await
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        self.core.change(&Prune { retention, max }).await
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.hear_others();
        self.core.waker.hub.listen(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        self.core.describe_durability().await
    }
}

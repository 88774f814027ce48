//! A decorator that makes any store fail before or after it has done its work.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};

use crate::clock::Timestamp;
use crate::queue::{
    Beat, BeatReply, Cancelled, Control, Driver, Finding, Forgotten, Found, Hastened, Inspector, Listing, NewJob, Note,
    NoteKey, NoteKind, NoteRange, Notes, Operator, Page, PushOutcome, QueueStats, Repaired, ReserveRequest, Reserved,
    ReservedJob, Retention, Retried, Retry, Settle, Settled, Store, StoreError, Unit, Verified, Verifier, WorkerId,
};
use crate::testing::Odds;
use crate::wake::Wakeups;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The store is never asked: [`StoreError::Unavailable`].
    Before,
    /// The store does it, and the answer is lost: [`StoreError::Unknown`].
    After,
    /// The store is never asked, and says that asking again is no use: [`StoreError::Refused`].
    Refused,
    /// The store does it, and answers this much later.
    Late(Duration),
}

/// The calls that can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Push,
    Reserve,
    Extend,
    Settle,
    Promote,
    Reclaim,
    Retire,
    Prune,
    /// What an operator changes.
    Operate,
    /// Whatever is done with notes.
    Note,
    Read,
}

/// A store whose next calls fail as planned, in order, and then work again, or fail by chance.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Mutex<HashMap<Operation, VecDeque<Fault>>>,
    odds: Option<Arc<Odds>>,
    lost: Mutex<HashMap<ThreadId, Box<dyn Any + Send>>>,
}

impl FaultyStore {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, plan: Mutex::default(), odds: None, lost: Mutex::default() }
    }

    /// One whose calls fail by chance where none is planned to.
    pub fn by_chance(inner: Arc<dyn Store>, odds: Arc<Odds>) -> Self {
        Self { odds: Some(odds), ..Self::new(inner) }
    }

    /// What the call would have answered that has just failed after its work was done. To be asked at once, before the
    /// caller awaits anything else.
    pub fn lost_answer<T: 'static>(&self) -> Option<T> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).remove(&thread::current().id())?;
        lost.downcast().ok().map(|answer| *answer)
    }

    /// Makes the next call of `operation` that is not planned for yet fail.
    pub fn plan(&self, operation: Operation, fault: Fault) {
        self.faults().entry(operation).or_default().push_back(fault);
    }

    /// Planned faults that have not come to pass.
    pub fn pending(&self) -> usize {
        self.faults().values().map(VecDeque::len).sum()
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, HashMap<Operation, VecDeque<Fault>>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call<T: Send + 'static>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let planned = self.faults().get_mut(&operation).and_then(VecDeque::pop_front);
        match planned.or_else(|| self.odds.as_ref()?.draw()) {
            None => call.await,
            Some(Fault::Before) => Err(StoreError::Unavailable("planned fault".into())),
            Some(Fault::Refused) => Err(StoreError::Refused("planned fault".into())),
            Some(Fault::Late(delay)) => {
                let answer = call.await;
                tokio::time::sleep(delay).await;
                answer
            }
            Some(Fault::After) => {
                let answer = call.await?;
                self.lost
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(thread::current().id(), Box::new(answer));
                Err(StoreError::Unknown("planned fault after the work was done".into()))
            }
        }
    }
}

#[async_trait]
impl Driver for FaultyStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        self.call(Operation::Push, self.inner.push(jobs, unit)).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        self.call(Operation::Reserve, self.inner.reserve(request)).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        self.call(Operation::Extend, self.inner.extend(beat)).await
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        self.call(Operation::Settle, self.inner.settle(batch)).await
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.call(Operation::Promote, self.inner.promote(max)).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        self.call(Operation::Reclaim, self.inner.reclaim(request)).await
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.call(Operation::Retire, self.inner.retire(worker)).await
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        self.call(Operation::Prune, self.inner.prune(retention, max)).await
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.inner.wakeups(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        self.call(Operation::Read, self.inner.durability()).await
    }
}

#[async_trait]
impl Inspector for FaultyStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        self.call(Operation::Read, self.inner.find(id)).await
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        self.call(Operation::Read, self.inner.queues()).await
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        self.call(Operation::Read, self.inner.stats(queues)).await
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        self.call(Operation::Read, self.inner.time()).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.call(Operation::Read, self.inner.ping()).await
    }
}

#[async_trait]
impl Operator for FaultyStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        self.call(Operation::Read, self.inner.list(listing)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        self.call(Operation::Operate, self.inner.cancel(job)).await
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        self.call(Operation::Operate, self.inner.hasten(job)).await
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        self.call(Operation::Operate, self.inner.retry(retry)).await
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        self.call(Operation::Operate, self.inner.forget(job)).await
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        self.call(Operation::Operate, self.inner.purge(queue, priority, max)).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.call(Operation::Operate, self.inner.pause(queue)).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.call(Operation::Operate, self.inner.resume(queue)).await
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.call(Operation::Operate, self.inner.signal_restart()).await
    }

    async fn control(&self) -> Result<Control, StoreError> {
        self.call(Operation::Read, self.inner.control()).await
    }
}

#[async_trait]
impl Notes for FaultyStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        self.call(Operation::Note, self.inner.write_notes(notes)).await
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        self.call(Operation::Note, self.inner.read_notes(range)).await
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        self.call(Operation::Note, self.inner.erase_note(kind, key)).await
    }
}

#[async_trait]
impl Verifier for FaultyStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        self.call(Operation::Read, self.inner.verify()).await
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        self.call(Operation::Operate, self.inner.repair(finding)).await
    }
}

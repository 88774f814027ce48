//! A decorator that stores bodies in another form than JSON.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};

use crate::clock::Timestamp;
use crate::queue::{
    Beat, BeatReply, Cancelled, Codec, CodecError, Control, Driver, Envelope, Finding, Forgotten, Found, Hastened,
    Inspector, JobRecord, Listing, NewJob, Note, NoteKey, NoteKind, NoteRange, Notes, Operator, Page, PushOutcome,
    QueueStats, Repaired, ReserveRequest, Reserved, ReservedJob, Retention, Retried, Retry, Settle, Settled, Store,
    StoreError, Unit, Verified, Verifier, WorkerId,
};
use crate::wake::Wakeups;

/// A store whose bodies pass through a codec.
#[derive(Debug)]
pub struct CodedStore {
    inner: Arc<dyn Store>,
    codec: Arc<dyn Codec>,
}

impl CodedStore {
    pub fn new(inner: Arc<dyn Store>, codec: Arc<dyn Codec>) -> Self {
        Self { inner, codec }
    }

    fn encoded(&self, jobs: &[NewJob]) -> Vec<NewJob> {
        let encode = |job: &NewJob| {
            let body = self.codec.encode(job.id(), &job.envelope.body);
            NewJob { envelope: Envelope { body, ..job.envelope.clone() }, ..job.clone() }
        };
        jobs.iter().map(encode).collect()
    }

    fn body(&self, id: JobId, stored: &Bytes) -> Bytes {
        match self.codec.decode(id, stored) {
            Ok(body) => body,
            // A type that nobody has: the job is put back for a process that has the key.
            Err(error @ CodecError::MissingKey { .. }) => {
                let name = serde_json::Value::from(error.to_string());
                Bytes::from(format!(r#"{{"type":{name},"data":null,"v":{}}}"#, Envelope::VERSION))
            }
            // Not JSON, so that it fails as every body does that nobody can read.
            Err(CodecError::Damaged(reason)) => Bytes::from(reason),
        }
    }

    fn reserved(&self, mut job: ReservedJob) -> ReservedJob {
        job.body = self.body(job.reservation.job, &job.body);
        job
    }

    fn record(&self, mut record: JobRecord) -> JobRecord {
        record.body = self.body(record.id, &record.body);
        record
    }

    fn all_reserved(&self, jobs: Vec<ReservedJob>) -> Vec<ReservedJob> {
        jobs.into_iter().map(|job| self.reserved(job)).collect()
    }
}

#[async_trait]
impl Driver for CodedStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        if self.codec.is_plain() {
            return self.inner.push(jobs, unit).await;
        }
        self.inner.push(&self.encoded(jobs), unit).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        let Reserved { jobs, next_due } = self.inner.reserve(request).await?;
        Ok(Reserved { jobs: self.all_reserved(jobs), next_due })
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        let BeatReply { lost, unknown } = self.inner.extend(beat).await?;
        Ok(BeatReply { lost, unknown: self.all_reserved(unknown) })
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        if batch.iter().all(|settle| settle.then.is_empty()) {
            return self.inner.settle(batch).await;
        }
        let encode = |settle: &Settle| Settle { then: self.encoded(&settle.then), ..settle.clone() };
        let batch: Vec<Settle> = batch.iter().map(encode).collect();
        self.inner.settle(&batch).await
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.inner.promote(max).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        Ok(self.all_reserved(self.inner.reclaim(request).await?))
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
        self.inner.durability().await
    }
}

#[async_trait]
impl Inspector for CodedStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        Ok(match self.inner.find(id).await? {
            Found::Here(record) => Found::Here(Box::new(self.record(*record))),
            other => other,
        })
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        self.inner.queues().await
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        self.inner.stats(queues).await
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        self.inner.time().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

#[async_trait]
impl Operator for CodedStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let Page { jobs, next } = self.inner.list(listing).await?;
        Ok(Page { jobs: jobs.into_iter().map(|record| self.record(record)).collect(), next })
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        self.inner.cancel(job).await
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        self.inner.hasten(job).await
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        self.inner.retry(retry).await
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        self.inner.forget(job).await
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        self.inner.purge(queue, priority, max).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.inner.pause(queue).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.inner.resume(queue).await
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.inner.signal_restart().await
    }

    async fn control(&self) -> Result<Control, StoreError> {
        self.inner.control().await
    }
}

/// As they are: they hold no payload of a job.
#[async_trait]
impl Notes for CodedStore {
    async fn write_notes(&self, notes: &[Note]) -> Result<(), StoreError> {
        self.inner.write_notes(notes).await
    }

    async fn read_notes(&self, range: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        self.inner.read_notes(range).await
    }

    async fn erase_note(&self, kind: NoteKind, key: &NoteKey) -> Result<bool, StoreError> {
        self.inner.erase_note(kind, key).await
    }
}

#[async_trait]
impl Verifier for CodedStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        self.inner.verify().await
    }

    async fn repair(&self, finding: &Finding) -> Result<Repaired, StoreError> {
        self.inner.repair(finding).await
    }
}

//! The store that keeps nothing: every push is taken and forgotten. For switching background work off.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName, When};

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::queue::{
    Beat, BeatReply, Cancelled, Control, Driver, Finding, Forgotten, Found, Hastened, Inspector, Listing, NewJob, Note,
    NoteKey, NoteKind, NoteRange, Notes, Operator, Page, PushOutcome, QueueStats, Repaired, ReserveRequest, Reserved,
    ReservedJob, Retention, Retried, Retry, Settle, Settled, StoreError, Unit, Verified, Verifier, WorkerId,
};
use crate::wake::{WakeHub, Wakeups};

/// Takes jobs and drops them.
#[derive(Debug, Default)]
pub struct NullStore {
    hub: WakeHub,
}

#[async_trait]
impl Driver for NullStore {
    async fn push(&self, jobs: &[NewJob], _: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        let is_delayed = |job: &NewJob| matches!(job.when, When::After(delay) if delay > Duration::ZERO);
        Ok(jobs.iter().map(|job| PushOutcome::Stored { delayed: is_delayed(job) }).collect())
    }

    async fn reserve(&self, _: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        Ok(Reserved::default())
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        Ok(BeatReply { lost: beat.held.to_vec(), unknown: Vec::new() })
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        Ok(vec![Settled::Stale; batch.len()])
    }

    async fn promote(&self, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn reclaim(&self, _: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        Ok(Vec::new())
    }

    async fn retire(&self, _: &WorkerId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn prune(&self, _: Retention, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.hub.listen(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        Ok("none: every job is dropped".into())
    }
}

#[async_trait]
impl Inspector for NullStore {
    async fn find(&self, _: JobId) -> Result<Found, StoreError> {
        Ok(Found::Nothing)
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        Ok(Vec::new())
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        Ok(queues.iter().cloned().map(QueueStats::empty).collect())
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        Ok(SystemClock::default().now())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Operator for NullStore {
    async fn list(&self, _: &Listing) -> Result<Page, StoreError> {
        Ok(Page::default())
    }

    async fn cancel(&self, _: JobId) -> Result<Cancelled, StoreError> {
        Ok(Cancelled::Nothing)
    }

    async fn hasten(&self, _: JobId) -> Result<Hastened, StoreError> {
        Ok(Hastened::Nothing)
    }

    async fn retry(&self, _: &Retry) -> Result<Retried, StoreError> {
        Ok(Retried::Nothing)
    }

    async fn forget(&self, _: JobId) -> Result<Forgotten, StoreError> {
        Ok(Forgotten::Nothing)
    }

    async fn purge(&self, _: &QueueName, _: Option<Priority>, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn pause(&self, _: &QueueName) -> Result<(), StoreError> {
        Ok(())
    }

    async fn resume(&self, _: &QueueName) -> Result<(), StoreError> {
        Ok(())
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn control(&self) -> Result<Control, StoreError> {
        Ok(Control::default())
    }
}

#[async_trait]
impl Notes for NullStore {
    async fn write_notes(&self, _: &[Note]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn read_notes(&self, _: &NoteRange) -> Result<Vec<(NoteKey, Bytes)>, StoreError> {
        Ok(Vec::new())
    }

    async fn erase_note(&self, _: NoteKind, _: &NoteKey) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[async_trait]
impl Verifier for NullStore {
    async fn verify(&self) -> Result<Verified, StoreError> {
        Ok(Verified::default())
    }

    async fn repair(&self, _: &Finding) -> Result<Repaired, StoreError> {
        Ok(Repaired::Not)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Envelope;

    /// R34
    #[tokio::test]
    async fn a_job_is_taken_and_gone() {
        let store = NullStore::default();
        let queue = QueueName::default();
        let id = JobId::generate(&queue);
        let envelope = Envelope { id, queue: queue.clone(), priority: Priority::Normal, body: "{}".into() };
        let pushed = store.push(&[NewJob::new(envelope, When::Now)], Unit::Queue).await.unwrap();
        assert_eq!(pushed, [PushOutcome::Stored { delayed: false }]);
        assert_eq!(store.find(id).await.unwrap(), Found::Nothing);
        assert_eq!(store.stats(&[queue]).await.unwrap()[0].size(), 0);
    }
}

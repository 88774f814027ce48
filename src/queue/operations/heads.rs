//! The job of each queue that would run next.

use futures::future::try_join_all;
use journeyman_job::QueueName;

use super::{AT_ONCE, Operations, QueueView};
use crate::clock::Timestamp;
use crate::queue::{JobRecord, Listing, State, StoreError};

impl Operations {
    /// The head of a queue: the job that would run next, if one is pending.
    pub async fn next_pending(&self, queue: &QueueName) -> Result<Option<JobRecord>, StoreError> {
        let listing = Listing { queue: queue.clone(), state: State::Pending, after: None, max: 1 };
        Ok(self.store.list(&listing).await?.jobs.pop())
    }

    /// Since when the head of each queue may run, in order.
    pub async fn waiting_since(&self, views: &[QueueView]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let mut all = Vec::with_capacity(views.len());
        for some in views.chunks(AT_ONCE) {
            let heads = some.iter().map(async |view| match view.stats.total_pending() {
                0 => Ok(None),
                _ => self.next_pending(&view.stats.queue).await,
            });
            all.extend(try_join_all(heads).await?.into_iter().map(|head| head.map(|job| job.available_at)));
        }
        Ok(all)
    }
}

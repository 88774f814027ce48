//! The operator's side.

use async_trait::async_trait;
use journeyman_job::{JobId, Priority, QueueName};

use super::SqliteStore;
use super::cancel::Cancel;
use super::control::{self, Pause, Resume, SignalRestart};
use super::forget::{Forget, Purge};
use super::hasten::Hasten;
use super::list::Lookup;
use crate::queue::{Cancelled, Control, Forgotten, Hastened, Listing, Operator, Page, Retried, Retry, StoreError};

#[async_trait]
impl Operator for SqliteStore {
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError> {
        let lookup = Lookup::new(listing)?;
        self.readers.read(move |connection| lookup.page(connection)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError> {
        self.change(Cancel { job }).await
    }

    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError> {
        self.change(Hasten { job }).await
    }

    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError> {
        self.change(retry.clone()).await
    }

    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError> {
        self.change(Forget { job }).await
    }

    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError> {
        self.change(Purge { queue: queue.clone(), priority, max }).await
    }

    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.change(Pause { queue: queue.clone() }).await
    }

    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.change(Resume { queue: queue.clone() }).await
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        self.change(SignalRestart).await
    }

    async fn control(&self) -> Result<Control, StoreError> {
        self.readers.read(control::read).await
    }
}

//! The operator's side.

use async_trait::async_trait;
use journeyman_job::{JobId, Priority, QueueName};

use super::RedisStore;
use crate::queue::{Cancelled, Control, Forgotten, Listing, Operator, Page, Retried, Retry, StoreError};

fn not_yet<T>() -> Result<T, StoreError> {
    Err(StoreError::Refused("this store cannot do that yet".into()))
}

#[async_trait]
impl Operator for RedisStore {
    async fn list(&self, _: &Listing) -> Result<Page, StoreError> {
        not_yet()
    }

    async fn cancel(&self, _: JobId) -> Result<Cancelled, StoreError> {
        not_yet()
    }

    async fn retry(&self, _: &Retry) -> Result<Retried, StoreError> {
        not_yet()
    }

    async fn forget(&self, _: JobId) -> Result<Forgotten, StoreError> {
        not_yet()
    }

    async fn purge(&self, _: &QueueName, _: Option<Priority>, _: usize) -> Result<usize, StoreError> {
        not_yet()
    }

    async fn pause(&self, _: &QueueName) -> Result<(), StoreError> {
        not_yet()
    }

    async fn resume(&self, _: &QueueName) -> Result<(), StoreError> {
        not_yet()
    }

    async fn signal_restart(&self) -> Result<(), StoreError> {
        not_yet()
    }

    async fn control(&self) -> Result<Control, StoreError> {
        Ok(Control::default())
    }
}

//! What a store must be able to tell, apart from the hot path. Nothing here costs in proportion to the backlog.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;
use journeyman_job::{JobId, QueueName};

use super::{Driver, JobRecord, Notes, Operator, QueueStats, StoreError, Verifier};
use crate::clock::Timestamp;

/// The answer to a look-up by id.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    Here(Box<JobRecord>),
    /// There was such a job; its record has been pruned.
    Expired,
    Nothing,
}

/// The reading side of a store.
#[async_trait]
pub trait Inspector: Debug + Send + Sync {
    async fn find(&self, id: JobId) -> Result<Found, StoreError>;

    /// Every queue that was ever pushed to, by name.
    async fn queues(&self) -> Result<Vec<QueueName>, StoreError>;

    /// Numbers of these queues, in order; of one never pushed to they are all zero.
    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError>;

    /// The store's time, which decides when jobs are due and how old their ends are.
    async fn time(&self) -> Result<Timestamp, StoreError>;

    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// A whole store.
pub trait Store: Driver + Inspector + Operator + Verifier + Notes {}

impl<T: Driver + Inspector + Operator + Verifier + Notes> Store for T {}

/// Opens a further, independent connection to one and the same store.
pub type Connect = Arc<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> + Send + Sync>;

//! What people do to a store, beyond its single steps: look through all queues, put many jobs back, empty a queue.
//!
//! The API and the command line share it, so that both mean the same by every word. Each call does a bounded amount of
//! work and, where more is left, tells the [`Place`] to go on from.

mod action;
pub mod audit;
mod browse;
mod checkup;
mod clear;
mod explain;
mod failed;
mod failures;
mod filter;
mod heads;
mod needle;
mod place;
mod search;
mod sweep;
mod walk;
mod workers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use journeyman_job::QueueName;

pub use action::{Acted, Action, UnknownAction};
pub use audit::{AuditPlace, AuditRow, Audited, Deed};
pub use browse::{Browsed, Latest};
pub use checkup::{Check, Level};
pub use clear::Cleared;
pub use explain::{Ahead, Busy, Explanation, Facts, Reason, Runs, explain};
pub use failed::RetriedMany;
pub use failures::{FailureGroup, Failures};
pub use filter::{Filter, Fingerprint, NoFingerprint, NoText, Text, UnknownPart, Within};
pub use place::{BadPlace, Place};
pub use search::PER_LOOK;
pub use sweep::Swept;

use super::{QueueStats, Store, StoreError};

/// Jobs that one call puts back or removes before it tells how far it came.
pub const PER_SWEEP: usize = 10_000;
/// Store calls under way at once for one caller.
const AT_ONCE: usize = 16;
/// Jobs of a page of a sweep.
const PAGE: usize = 100;

/// The operator's hand on one store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Operations {
    store: Arc<dyn Store>,
    /// Queues that exist by configuration, whether or not anything was ever pushed to them.
    configured: Arc<[QueueName]>,
    /// How long rows of what was done are kept.
    audit_kept: Duration,
}

/// Why an operation could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    #[error("no such queue: {0}; nothing was ever pushed to it")]
    UnknownQueue(QueueName),
    #[error(transparent)]
    Place(#[from] BadPlace),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A queue in numbers, and whether workers may take from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    pub stats: QueueStats,
    pub is_paused: bool,
}

impl Operations {
    pub fn new(store: Arc<dyn Store>, configured: impl IntoIterator<Item = QueueName>) -> Self {
        Self { store, configured: configured.into_iter().collect(), audit_kept: audit::KEPT }
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Every queue there is, by name: pushed to, configured or paused.
    pub async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        let mut names: BTreeSet<QueueName> = self.store.queues().await?.into_iter().collect();
        names.extend(self.configured.iter().cloned());
        names.extend(self.store.control().await?.paused);
        Ok(names.into_iter().collect())
    }

    /// Numbers of every queue, by name.
    pub async fn view_all(&self) -> Result<Vec<QueueView>, StoreError> {
        let queues = self.queues().await?;
        self.views(&queues).await
    }

    /// Numbers of one queue.
    pub async fn view(&self, queue: &QueueName) -> Result<QueueView, OperationError> {
        self.must_exist(queue).await?;
        let views = self.views(std::slice::from_ref(queue)).await?;
        views.into_iter().next().ok_or_else(|| OperationError::UnknownQueue(queue.clone()))
    }

    /// Lets no job of the queue be reserved until it is resumed; also of one that nothing was pushed to yet.
    pub async fn pause(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.store.pause(queue).await
    }

    /// Ends a pause, if there is one.
    pub async fn resume(&self, queue: &QueueName) -> Result<(), StoreError> {
        self.store.resume(queue).await
    }

    async fn views(&self, queues: &[QueueName]) -> Result<Vec<QueueView>, StoreError> {
        let paused = self.store.control().await?.paused;
        let stats = self.store.stats(queues).await?;
        let view = |stats: QueueStats| QueueView { is_paused: paused.contains(&stats.queue), stats };
        Ok(stats.into_iter().map(view).collect())
    }

    /// Refuses the name of a queue that is none: a slip in a name must not look like an empty queue.
    async fn must_exist(&self, queue: &QueueName) -> Result<(), OperationError> {
        if self.configured.contains(queue) || self.queues().await?.contains(queue) {
            return Ok(());
        }
        Err(OperationError::UnknownQueue(queue.clone()))
    }

    /// One queue if it is named, and exists; else all.
    async fn named_or_all(&self, queue: Option<&QueueName>) -> Result<Vec<QueueName>, OperationError> {
        match queue {
            Some(queue) => {
                self.must_exist(queue).await?;
                Ok(vec![queue.clone()])
            }
            None => Ok(self.queues().await?),
        }
    }
}

//! A stored job as readers see it.

use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};

use super::{State, Trail};
use crate::clock::Timestamp;

/// All that the store knows of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRecord {
    pub id: JobId,
    pub queue: QueueName,
    pub priority: Priority,
    pub state: State,
    /// Executions begun, the present one included.
    pub attempts: u32,
    /// The envelope's stored body; see [`Body`](super::Body).
    pub body: Bytes,
    pub created_at: Timestamp,
    /// When it may run, or might first have run.
    pub available_at: Timestamp,
    /// When the latest attempt was reserved; none before the first.
    pub started_at: Option<Timestamp>,
    /// Who holds it, while it is reserved.
    pub worker: Option<String>,
    pub trail: Trail,
}

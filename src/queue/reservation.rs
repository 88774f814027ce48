//! A job in a worker's hands.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};

use crate::clock::Timestamp;

/// A worker's name in the store: unique per process, readable, `[A-Za-z0-9._-]`, at most 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("worker name {0:?} is not 1 to 100 characters of A-Z a-z 0-9 . _ -")]
pub struct WorkerIdError(String);

impl WorkerId {
    pub fn new(name: &str) -> Result<Self, WorkerIdError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || name.len() > 100 || !name.chars().all(allowed) {
            return Err(WorkerIdError(name.to_owned()));
        }
        Ok(Self(name.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkerId {
    type Err = WorkerIdError;

    fn from_str(name: &str) -> Result<Self, WorkerIdError> {
        Self::new(name)
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one call of `reserve` or `reclaim`: a random number minted by the worker.
///
/// Repeating a call whose answer was lost under the same `CallId` returns what the first one took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Proof of holding a job: which attempt, taken by which call. Every write to a reserved job is compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// Number of this attempt, from 1.
    pub attempt: u32,
    pub call: CallId,
}

/// What a holder shows to settle a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reservation {
    pub job: JobId,
    pub queue: QueueName,
    pub priority: Priority,
    pub worker: WorkerId,
    pub token: Token,
}

/// A job as `reserve` hands it out.
#[derive(Debug, Clone, PartialEq)]
pub struct ReservedJob {
    pub reservation: Reservation,
    /// The envelope's stored body; see [`Body`](super::Body).
    pub body: Bytes,
    /// The stored trail; see [`Trail`](super::Trail).
    pub trail: Bytes,
    /// When this reservation was made, by the store's clock.
    pub reserved_at: Timestamp,
    /// Set by `reclaim`: in whose hands the attempt was begun, and when.
    pub lost: Option<Lost>,
}

/// The reservation that a dead worker left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    pub worker: String,
    pub started_at: Timestamp,
}

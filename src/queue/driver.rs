//! What a store must be able to do for the hot path, batched throughout.
//!
//! Every method is one guarded, atomic change per queue. A method that returns [`StoreError::Unknown`] may have taken
//! effect; each can be repeated with the same arguments without harm.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobId, QueueName, When};

use super::{CallId, Envelope, Reservation, ReservedJob, Retention, Settlement, WorkerId};
use crate::wake::Wakeups;

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was done; trying again may help.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// It may or may not have been done; the same call can be repeated.
    #[error("the store did not answer in time: {0}")]
    Unknown(String),
    /// No room. Nothing was done; jobs that end make room.
    #[error("the store is full: {0}")]
    Full(String),
    /// The store holds something that this build cannot read, or refuses what it was given: trying again is no use.
    #[error("the store refused: {0}")]
    Refused(String),
}

impl StoreError {
    /// The same error, said of `what`.
    #[must_use]
    pub fn about(self, what: &dyn std::fmt::Display) -> Self {
        let told =
            |reason: String| if reason.contains(&what.to_string()) { reason } else { format!("{what}: {reason}") };
        match self {
            Self::Unavailable(reason) => Self::Unavailable(told(reason)),
            Self::Unknown(reason) => Self::Unknown(told(reason)),
            Self::Full(reason) => Self::Full(told(reason)),
            Self::Refused(reason) => Self::Refused(told(reason)),
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// A job to store.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    pub envelope: Envelope,
    pub when: When,
}

/// What became of one pushed job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushOutcome {
    Stored {
        delayed: bool,
    },
    /// A job with this id and body is there already; nothing was written.
    Repeated,
    /// A job with this id but another body is there already; nothing was written.
    Conflict,
}

/// A worker asking for work.
#[derive(Debug, Clone, Copy)]
pub struct ReserveRequest<'a> {
    pub worker: &'a WorkerId,
    /// In the worker's order: among equal priorities the earlier queue goes first.
    pub queues: &'a [QueueName],
    pub max: usize,
    /// How long the worker's hold on all its jobs lasts from now on.
    pub lease: Duration,
    pub call: CallId,
    /// Set when the answer to this same call was lost: what it took is returned first.
    pub is_repeat: bool,
}

/// The answer to a [`ReserveRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reserved {
    /// In the order to run them.
    pub jobs: Vec<ReservedJob>,
    /// Time until the next delayed job of these queues is due, if one waits.
    pub next_due: Option<Duration>,
}

/// A sign of life of one worker, with all it holds.
#[derive(Debug, Clone, Copy)]
pub struct Beat<'a> {
    pub worker: &'a WorkerId,
    pub lease: Duration,
    pub held: &'a [Reservation],
}

/// What a worker learns from its beat.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BeatReply {
    /// Held by the worker's account, but no longer by the store's: cancel them, they belong to another.
    pub lost: Vec<Reservation>,
    /// Held by the store's account, but not in the beat: the answer that would have told the worker was lost, or is
    /// still on its way. The worker gives back those that it does not know by now.
    pub unknown: Vec<ReservedJob>,
}

/// One job's end of attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Settle {
    pub reservation: Reservation,
    pub settlement: Settlement,
    /// The whole trail as it shall be from now on.
    pub trail: Bytes,
    /// Counted in `timeouts`.
    pub timed_out: bool,
}

/// What became of one settled job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// The job was last settled under this same token, whatever was said then; nothing was written.
    Repeated,
    /// The token is not that of the present holder; nothing was written.
    Stale,
}

/// The hot path of a store.
#[async_trait]
pub trait Driver: Debug + Send + Sync {
    /// Stores jobs: the jobs of one queue in one atomic step, all or none. One outcome per job, in order; a conflict of one
    /// does not stop the others.
    async fn push(&self, jobs: &[NewJob]) -> Result<Vec<PushOutcome>, StoreError>;

    /// Takes up to `max` jobs under a lease: by priority across all queues, then in the order of the queues, then first
    /// in first out. Jobs that have come due count. Counts an attempt for each.
    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError>;

    /// Renews the worker's lease and compares notes on what it holds.
    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError>;

    /// Ends attempts, each under its token. One outcome per job, in order; a stale one changes nothing. Jobs requeued in
    /// one batch keep its order at the front of their queue.
    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError>;

    /// Makes delayed jobs pending that have come due, at most `max`. Returns how many.
    async fn promote(&self, max: usize) -> Result<usize, StoreError>;

    /// Hands up to `max` jobs of workers whose lease has ended to `request.worker`, under fresh tokens and with their
    /// attempt numbers unchanged. `request.queues` is not looked at: every queue is swept. The call is a sign of life of
    /// `request.worker`, whose own jobs are never among them.
    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError>;

    /// Ends the worker's lease at once if it holds nothing; a worker that stops says goodbye with it.
    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError>;

    /// Removes records of ended jobs beyond what `retention` keeps, at most `max`. Returns how many.
    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError>;

    /// Hints that one of these queues (any queue, if none is named) may have work. A hint can be missed or come for
    /// nothing.
    fn wakeups(&self, queues: &[QueueName]) -> Wakeups;

    /// How safe stored jobs are, in words, for start-up and `ready`.
    async fn durability(&self) -> Result<String, StoreError>;
}

impl NewJob {
    pub fn id(&self) -> JobId {
        self.envelope.id
    }
}

//! What a store must be able to do for the hot path, batched throughout.
//!
//! Every method is one guarded, atomic change per queue. A method that returns [`StoreError::Unknown`] may have taken
//! effect; each can be repeated with the same arguments without harm.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName, When};

use super::{CallId, Envelope, Reservation, ReservedJob, Retention, Settlement, UniqueKey, WorkerId};
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
    /// While a job of the same queue with this key has not ended, this one is not stored.
    pub unique: Option<UniqueKey>,
    /// Whether the caller chose the id: it is then any UUID, and must be told apart from those of every other queue.
    pub is_named: bool,
}

/// How far the jobs of one push belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The jobs of each queue are stored all or none; a conflict of one job does not stop the others.
    Queue,
    /// All or none, whatever their queues: a conflict of one job stops them all.
    Whole,
}

/// What became of one pushed job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushOutcome {
    Stored {
        delayed: bool,
    },
    /// A job with this id and body is there already; nothing was written.
    Repeated,
    /// A job with this id but another body or queue is there already; nothing was written.
    Conflict,
    /// This job of the same queue has the same unique key and has not ended; nothing was written.
    Duplicate(JobId),
    /// Another job of the same [`Unit::Whole`] is in conflict; nothing was written.
    Withheld,
}

/// A worker asking for work.
#[derive(Debug, Clone, Copy)]
pub struct ReserveRequest<'a> {
    pub worker: &'a WorkerId,
    /// In the worker's order: among equal priorities the earlier queue goes first.
    pub queues: &'a [QueueName],
    /// Which priority goes first; strict order is [`Priority::DESCENDING`].
    pub order: [Priority; 4],
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
    /// A counter that this settlement moves beside those of its kind.
    pub counted: Option<Counted>,
    /// Jobs that are stored because of this settlement: with it if it is done, and only then. Their ids follow from the
    /// job's, so that storing them twice is harmless. A store that cannot do it in one step remembers them in that step
    /// and stores them by itself right after, at the latest in a `promote` by anyone.
    pub then: Vec<NewJob>,
}

/// What happened to an attempt, for the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// In `timeouts`.
    Timeout,
    /// In `thread_pool_exhaustion`.
    PoolExhausted,
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
    /// Stores jobs, together as far as `unit` says. One outcome per job, in order.
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError>;

    /// Takes up to `max` jobs under a lease: by priority across all queues, then in the order of the queues, then first
    /// in first out. Jobs that have come due count; paused queues do not. Counts an attempt for each.
    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError>;

    /// Renews the worker's lease and compares notes on what it holds.
    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError>;

    /// Ends attempts, each under its token. One outcome per job, in order; a stale one changes nothing. Jobs requeued in
    /// one batch keep its order at the front of their queue.
    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError>;

    /// Makes delayed jobs pending that have come due, at most `max`, and stores what settlements have left to be stored.
    /// Returns how many jobs became pending.
    async fn promote(&self, max: usize) -> Result<usize, StoreError>;

    /// Hands up to `max` jobs of workers whose lease has ended to `request.worker`, under fresh tokens and with their
    /// attempt numbers unchanged. `request.queues` is not looked at: every queue is swept. The call is a sign of life of
    /// `request.worker`, whose own jobs are never among them. A call that had to wait for the store takes over nothing and
    /// says so: what kept it waiting may have kept the living from beating.
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
    /// A job under a fresh id, with nothing unique about it.
    pub fn new(envelope: Envelope, when: When) -> Self {
        Self { envelope, when, unique: None, is_named: false }
    }

    pub fn id(&self) -> JobId {
        self.envelope.id
    }
}

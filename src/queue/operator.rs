//! What people do to a store by hand: look through it, take jobs out, put failed ones back, stop and start queues.

use std::fmt::{self, Debug};

use async_trait::async_trait;
use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};

use super::{JobRecord, State, StoreError};

/// Which jobs to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub queue: QueueName,
    pub state: State,
    /// Where the page before this one ended.
    pub after: Option<Cursor>,
    pub max: usize,
}

/// A place in a listing, opaque: only the store that gave it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub jobs: Vec<JobRecord>,
    /// Present if there may be more.
    pub next: Option<Cursor>,
}

/// What became of a job that was to be cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    Done,
    /// It is not waiting; nothing was written.
    Not(State),
    Nothing,
}

/// What became of a delayed job that was to run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hastened {
    Done,
    /// It is not delayed; nothing was written.
    Not(State),
    Nothing,
}

/// A failed or cancelled job to put back.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    pub job: JobId,
    /// The whole trail as it shall be from now on.
    pub trail: Bytes,
}

/// What became of a job that was to be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    Done,
    /// It has neither failed nor been cancelled; nothing was written.
    Not(State),
    /// This job has taken its unique key meanwhile and has not ended; nothing was written.
    Duplicate(JobId),
    Nothing,
}

/// What became of a record that was to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgotten {
    Done,
    /// The job has not ended; nothing was written.
    Not(State),
    Nothing,
}

/// What every worker of a store heeds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Control {
    /// Times that workers were told to restart; one that sees it grow stops.
    pub restarts: u64,
    /// By name.
    pub paused: Vec<QueueName>,
}

/// The operator's side of a store. Every method is one guarded, atomic change, or a look whose cost follows its page.
#[async_trait]
pub trait Operator: Debug + Send + Sync {
    /// One page of a queue's jobs in one state: pending ones in the order they would be reserved in, delayed ones the
    /// soonest first, reserved ones the longest held first, ended ones the latest end first. A job that stays where it is
    /// while others come and go is on exactly one of the pages that follow one another. A cursor that the store cannot
    /// read is [`StoreError::Refused`].
    async fn list(&self, listing: &Listing) -> Result<Page, StoreError>;

    /// Ends a waiting job. Its record is kept as those of other ended jobs are.
    async fn cancel(&self, job: JobId) -> Result<Cancelled, StoreError>;

    /// Makes a delayed job pending now, at the back of its queue, whatever it waits for: the time of its dispatch or the delay
    /// of a retry. Its attempts stay as they are. A paused queue holds it back as it does any other.
    async fn hasten(&self, job: JobId) -> Result<Hastened, StoreError>;

    /// Puts a failed or cancelled job to the back of its queue, with no attempt counted and its unique key taken again.
    async fn retry(&self, retry: &Retry) -> Result<Retried, StoreError>;

    /// Removes the record of an ended job.
    async fn forget(&self, job: JobId) -> Result<Forgotten, StoreError>;

    /// Removes waiting jobs of a queue, those of one priority if one is named, at most `max`. Returns how many; fewer than
    /// `max` says that none is left.
    async fn purge(&self, queue: &QueueName, priority: Option<Priority>, max: usize) -> Result<usize, StoreError>;

    /// Lets no job of the queue be reserved until it is resumed. Pushing goes on. A queue that was never pushed to can be
    /// paused too.
    async fn pause(&self, queue: &QueueName) -> Result<(), StoreError>;

    /// Ends a pause, if there is one.
    async fn resume(&self, queue: &QueueName) -> Result<(), StoreError>;

    /// Tells every worker to stop once its jobs are done, so that whatever keeps it running starts it anew.
    async fn signal_restart(&self) -> Result<(), StoreError>;

    async fn control(&self) -> Result<Control, StoreError>;
}

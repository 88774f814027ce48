//! Changes that share one transaction.

use std::fmt::Debug;

use rusqlite::{CachedStatement, Connection};
use tokio::sync::oneshot;

use super::ballast;
use super::entry::Entry;
use super::error::Failure;
use super::ledger::Ledger;
use super::spare::Spare;
use crate::clock::Timestamp;
use crate::queue::StoreError;
use journeyman_job::QueueName;

/// One thing to do to the store. It may be done again after its transaction was rolled back.
pub(super) trait Change: Debug + Send + 'static {
    type Answer: Send;

    /// Whether it brings in what is new, and nothing is given up for it when the file is full: the others still find room.
    const MAY_BE_REFUSED: bool = false;

    fn apply(&self, group: &mut Group<'_>) -> Result<Self::Answer, Failure>;

    /// About how many jobs it writes.
    fn weight(&self) -> usize;
}

/// The open transaction.
#[derive(Debug)]
pub(super) struct Group<'c> {
    pub(super) connection: &'c Connection,
    /// The store's time, the same for the whole group.
    pub(super) now: Timestamp,
    pub(super) ledger: Ledger,
    /// Pages that pushes may take; none = as many as the disk holds.
    pub(super) page_limit: Option<i64>,
    pub(super) has_arrivals: bool,
}

impl<'c> Group<'c> {
    pub(super) fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        self.connection.prepare_cached(sql)
    }

    /// The numbers of a queue; none if nothing was ever pushed to it.
    pub(super) fn entry(&mut self, queue: &QueueName) -> rusqlite::Result<Option<&mut Entry>> {
        Ok(Some(self.ledger.entry(self.connection, queue)?).filter(|entry| entry.exists()))
    }

    /// When the earliest delayed job of a queue is due, if there is one; microseconds.
    pub(super) fn earliest(&mut self, queue: &QueueName) -> rusqlite::Result<Option<i64>> {
        self.ledger.entry(self.connection, queue)?.earliest(self.connection, queue)
    }

    /// Fails if pushes have used up their share of the file.
    pub(super) fn check_room(&mut self) -> Result<(), Failure> {
        self.has_arrivals = true;
        let Some(limit) = self.page_limit else { return ballast::keep(self) };
        let used = self.pages("page_count")? - self.pages("freelist_count")?;
        if used > limit { Err(Failure::NoRoom) } else { Ok(()) }
    }

    /// Once for all pushes of the group.
    pub(super) fn keep_spare(&self, spare: &Spare) -> Result<(), Failure> {
        if self.has_arrivals { spare.keep(self.pages("page_count")?) } else { Ok(()) }
    }

    fn pages(&self, pragma: &str) -> rusqlite::Result<i64> {
        self.connection.pragma_query_value(None, pragma, |row| row.get(0))
    }
}

/// A change that waits for its turn, and whoever waits for its answer.
pub(super) trait Waiting: Send {
    fn apply(&mut self, group: &mut Group<'_>) -> Result<(), Failure>;

    /// Tells the answer of the last `apply`, or why there is none.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);

    fn weight(&self) -> usize;

    fn may_be_refused(&self) -> bool;

    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

#[derive(Debug)]
pub(super) struct Caller<C: Change> {
    change: C,
    answer: Option<C::Answer>,
    reply: Reply<C::Answer>,
}

impl<C: Change> Caller<C> {
    pub(super) fn new(change: C, reply: Reply<C::Answer>) -> Self {
        Self { change, answer: None, reply }
    }
}

impl<C: Change> Waiting for Caller<C> {
    fn apply(&mut self, group: &mut Group<'_>) -> Result<(), Failure> {
        self.answer = Some(self.change.apply(group)?);
        Ok(())
    }

    fn tell(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { answer, reply, .. } = *self;
        let unanswered = || StoreError::Unavailable("the change was not made".into());
        // A caller that has gone away does not want to know.
        let _ = reply.send(committed.and_then(|()| answer.ok_or_else(unanswered)));
    }

    fn weight(&self) -> usize {
        self.change.weight()
    }

    fn may_be_refused(&self) -> bool {
        C::MAY_BE_REFUSED
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

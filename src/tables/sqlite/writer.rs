//! The thread that writes: takes what waits, commits it together, then tells every caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures::FutureExt;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::session::SqliteSession;
use crate::clock::Stopwatch;
use crate::drivers::sqlite::{Database, pause};
use crate::tables::fault::Fault;
use crate::tables::session::Change;

/// Changes committed together.
const GROUP: usize = 64;
/// Longest pause between two looks at a file that another process holds.
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// A change that waits for its turn, and whoever waits for its answer.
pub(super) trait Waiting: Send {
    /// Makes the change and keeps its answer. Whether it is to stay in.
    fn apply(&mut self, session: &mut SqliteSession<'_>) -> bool;

    /// Tells the answer of the last `apply`, or why it is not in after all.
    fn tell(self: Box<Self>, committed: Result<(), Fault>);

    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

type Reply<T> = oneshot::Sender<Result<T, Fault>>;

#[derive(Debug)]
pub(super) struct Caller<C: Change> {
    change: C,
    answer: Option<Result<C::Answer, Fault>>,
    reply: Reply<C::Answer>,
}

impl<C: Change> Caller<C> {
    pub(super) fn new(change: C, reply: Reply<C::Answer>) -> Self {
        Self { change, answer: None, reply }
    }
}

impl<C: Change> Waiting for Caller<C> {
    fn apply(&mut self, session: &mut SqliteSession<'_>) -> bool {
        // This session never waits, so the future is done at its first poll.
        let waits = || Err(Fault::Passing("the change waited within its transaction".into()));
        let answer = self.change.apply(session).now_or_never().unwrap_or_else(waits);
        let stays = answer.is_ok();
        self.answer = Some(answer);
        stays
    }

    fn tell(self: Box<Self>, committed: Result<(), Fault>) {
        let Self { answer, reply, .. } = *self;
        let unanswered = || Err(Fault::Passing("the change was not made".into()));
        let told = match (answer.unwrap_or_else(unanswered), committed) {
            // Refused by itself: whatever became of the others.
            (Err(fault), _) => Err(fault),
            (Ok(_), Err(fault)) => Err(fault),
            (Ok(answer), Ok(())) => Ok(answer),
        };
        // A caller that has gone away does not want to know.
        let _ = reply.send(told);
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
}

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Writer {
    database: Database,
    connection: Connection,
    busy_timeout: Duration,
}

impl Writer {
    pub(super) fn new(database: Database, connection: Connection, busy_timeout: Duration) -> Self {
        Self { database, connection, busy_timeout }
    }

    /// Works until every sender is gone and what they sent is done.
    pub(super) fn run(mut self, mut inbox: mpsc::Receiver<Box<dyn Waiting>>) {
        let mut group = Vec::with_capacity(GROUP);
        while let Some(first) = inbox.blocking_recv() {
            group.push(first);
            while group.len() < GROUP
                && let Ok(next) = inbox.try_recv()
            {
                group.push(next);
            }
            // Nothing of it is done yet, so nothing is lost with it.
            group.retain(|waiting| !waiting.is_abandoned());
            let committed = self.commit(&mut group);
            if let Err(fault) = &committed {
                warn!(error = %fault, changes = group.len(), "the tables cannot be written");
                self.reconnect_after(fault);
            }
            group.drain(..).for_each(|waiting| waiting.tell(committed.clone()));
        }
    }

    fn commit(&mut self, group: &mut [Box<dyn Waiting>]) -> Result<(), Fault> {
        if group.is_empty() {
            return Ok(());
        }
        self.begin()?;
        let connection = &mut self.connection;
        let worked = catch_unwind(AssertUnwindSafe(|| {
            for waiting in group {
                connection.prepare_cached("SAVEPOINT change")?.execute([])?;
                let stays = waiting.apply(&mut SqliteSession(connection));
                if !stays {
                    connection.prepare_cached("ROLLBACK TO change")?.execute([])?;
                }
                connection.prepare_cached("RELEASE change")?.execute([])?;
            }
            connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(())
        }));
        let worked = worked.unwrap_or_else(|_| Err(Fault::Passing("a change panicked".into())));
        if worked.is_err() && !self.connection.is_autocommit() {
            // If this fails as well, the connection is opened anew.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        worked
    }

    /// Takes the file for this thread: no change ever looks at rows that another process may be changing.
    fn begin(&self) -> Result<(), Fault> {
        let waiting = Stopwatch::start();
        loop {
            match self.connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([])) {
                Ok(_) => return Ok(()),
                Err(error) => match Fault::from(error) {
                    Fault::Contended(_) if waiting.elapsed() < self.busy_timeout => pause(BUSY_PAUSE),
                    fault => return Err(fault),
                },
            }
        }
    }

    /// Another process's hold on the file is no fault of the connection. If it cannot be opened anew the old one stays and
    /// errs again.
    fn reconnect_after(&mut self, fault: &Fault) {
        if matches!(fault, Fault::Contended(_)) && self.connection.is_autocommit() {
            return;
        }
        if let Ok(connection) = self.database.writer() {
            self.connection = connection;
        }
    }
}

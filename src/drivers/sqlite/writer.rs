//! The one thread that writes.
//!
//! It takes every change that waits and commits them together. If that fails, each is tried by itself, so that one bad
//! change breaks no other. Callers hear only after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::mpsc;
use tracing::warn;

use super::ballast;
use super::connection::{Database, pause};
use super::error::Failure;
use super::group::{Group, Waiting};
use super::ledger::{Ledger, Wakes};
use super::prune;
use super::spare::Spare;
use super::wake::Waker;
use crate::clock::{Clock, Stopwatch, Timestamp};
use crate::queue::StoreError;

/// Changes committed together.
const GROUP: usize = 64;
/// Jobs written together: a group stays well below what a caller notices.
const GROUP_JOBS: usize = 2000;
/// Longest pause between two looks at a file that another process holds. SQLite's own pauses grow to a tenth of a
/// second, in which a busy neighbour never lets anyone in.
const BUSY_PAUSE: Duration = Duration::from_millis(2);
/// The last eighth of a limited file is for jobs that are already there.
const HEADROOM: i64 = 8;

pub(super) type Inbox = mpsc::Receiver<Box<dyn Waiting>>;

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Writer {
    database: Database,
    spare: Arc<Spare>,
    connection: Connection,
    clock: Arc<dyn Clock>,
    latest: Timestamp,
    ledger: Ledger,
    waker: Waker,
}

impl Writer {
    pub(super) fn new(database: Database, connection: Connection, clock: Arc<dyn Clock>, waker: Waker) -> Self {
        no_waiting_inside(&connection);
        let spare = Arc::new(Spare::of(&database));
        // Now rather than while the first push waits; if there is no room, pushes say so.
        let _ = spare.keep(0);
        Self { database, spare, connection, clock, latest: Timestamp::default(), ledger: Ledger::default(), waker }
    }

    /// Starts the thread; it ends when every sender is gone and what they sent is done.
    pub(super) fn start(mut self, mut inbox: Inbox) -> std::io::Result<thread::JoinHandle<()>> {
        thread::Builder::new().name("sqlite-writer".into()).spawn(move || {
            let mut batch = Vec::with_capacity(GROUP);
            while let Some(first) = inbox.blocking_recv() {
                let mut jobs = first.weight();
                batch.push(first);
                while batch.len() < GROUP
                    && jobs < GROUP_JOBS
                    && let Ok(next) = inbox.try_recv()
                {
                    jobs += next.weight();
                    batch.push(next);
                }
                // Nothing of it is done yet, so nothing is lost with it.
                batch.retain(|waiting| !waiting.is_abandoned());
                self.serve(&mut batch);
            }
        })
    }

    fn serve(&mut self, batch: &mut Vec<Box<dyn Waiting>>) {
        match self.commit(batch) {
            Ok(wakes) => {
                // First, since a process that only pushes ends with its answer, and this thread with it.
                self.waker.wake(&wakes);
                batch.drain(..).for_each(|waiting| waiting.tell(Ok(())));
            }
            Err(failure) if failure.concerns_all() => {
                warn!(error = %failure, changes = batch.len(), "the database cannot be written");
                batch.drain(..).for_each(|waiting| waiting.tell(Err(StoreError::from(&failure))));
                // Another process's hold on the file is no fault of the connection.
                if !failure.is_busy() {
                    self.reconnect();
                }
            }
            Err(_) => batch.drain(..).for_each(|waiting| self.serve_alone(waiting)),
        }
    }

    fn serve_alone(&mut self, waiting: Box<dyn Waiting>) {
        let may_be_refused = waiting.may_be_refused();
        let mut alone = [waiting];
        let mut outcome = self.commit(&mut alone);
        if !may_be_refused && outcome.as_ref().is_err_and(Failure::is_full) {
            self.spare.give_up();
            self.begin_log_anew();
            outcome = self.commit(&mut alone);
        }
        while !may_be_refused && outcome.as_ref().is_err_and(Failure::is_full) && self.make_room() {
            outcome = self.commit(&mut alone);
        }
        if let Err(failure) = &outcome
            && !failure.is_full()
        {
            warn!(error = %failure, "a change to the database failed");
        }
        let told = outcome.as_ref().map(|_| ()).map_err(StoreError::from);
        if let Ok(wakes) = &outcome {
            self.waker.wake(wakes);
        }
        let [waiting] = alone;
        waiting.tell(told);
    }

    /// Gives up the ballast and then, bit by bit, old records of completed jobs, so that those still to run can.
    fn make_room(&mut self) -> bool {
        let made = self.transaction(|group| Ok(ballast::give_up(group)? || prune::make_room(group)? > 0));
        self.begin_log_anew();
        matches!(made, Ok((true, _)))
    }

    /// Moves what the log holds to the file, so that the next change takes no more of the disk. Waits for those who read.
    fn begin_log_anew(&self) {
        let _ = self.connection.busy_timeout(self.database.options.busy_timeout);
        // If it cannot be done, the change that needs it fails and is told so.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        no_waiting_inside(&self.connection);
    }

    /// All changes in one transaction, or none.
    fn commit(&mut self, batch: &mut [Box<dyn Waiting>]) -> Result<Wakes, Failure> {
        if batch.is_empty() {
            return Ok(Wakes::default());
        }
        let spare = Arc::clone(&self.spare);
        let apply_all = |group: &mut Group<'_>| {
            batch.iter_mut().try_for_each(|waiting| waiting.apply(group))?;
            group.keep_spare(&spare)
        };
        let ((), wakes) = self.transaction(apply_all)?;
        Ok(wakes)
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Group<'_>) -> Result<T, Failure>,
    ) -> Result<(T, Wakes), Failure> {
        self.begin()?;
        // Read once the file is ours: another process may have held it for long.
        self.latest = self.latest.max(self.clock.now());
        let now = self.latest;
        let page_limit = self.database.options.max_pages().map(|pages| pages - pages / HEADROOM);
        let connection = &self.connection;
        // Left behind unless the commit succeeds.
        let mut ledger = std::mem::take(&mut self.ledger);
        let worked = catch_unwind(AssertUnwindSafe(|| {
            ledger.open(connection)?;
            let mut group = Group { connection, now, ledger, page_limit, has_arrivals: false };
            let done = work(&mut group)?;
            let wakes = group.ledger.close(connection)?;
            connection.prepare_cached("COMMIT")?.execute([])?;
            Ok((done, wakes, group.ledger))
        }))
        .unwrap_or_else(|panic| Err(Failure::Panicked(said(panic.as_ref()))));
        match worked {
            Ok((done, wakes, ledger)) => {
                self.ledger = ledger;
                Ok((done, wakes))
            }
            Err(failure) => {
                self.roll_back();
                Err(failure)
            }
        }
    }

    fn begin(&self) -> Result<(), Failure> {
        let waiting = Stopwatch::start();
        loop {
            let begun = self.connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
            let Err(error) = begun else { return Ok(()) };
            let failure = Failure::from(error);
            if !failure.is_busy() || waiting.elapsed() > self.database.options.busy_timeout {
                return Err(failure);
            }
            pause(BUSY_PAUSE);
        }
    }

    fn roll_back(&mut self) {
        // Some errors have rolled back by themselves.
        if !self.connection.is_autocommit() && self.connection.execute_batch("ROLLBACK").is_err() {
            self.reconnect();
        }
    }

    /// After an error of the file itself; if it fails the old connection stays and errs again.
    fn reconnect(&mut self) {
        if let Ok(connection) = self.database.writer() {
            no_waiting_inside(&connection);
            self.connection = connection;
            // By what it counts, nobody may have written since; others may have, by what the old one counted.
            self.ledger = Ledger::default();
        }
    }
}

/// Waiting is [`Writer::begin`]'s.
fn no_waiting_inside(connection: &Connection) {
    if let Err(error) = connection.busy_timeout(Duration::ZERO) {
        warn!(%error, "the database keeps its own way of waiting");
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

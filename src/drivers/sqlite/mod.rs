//! Jobs in an SQLite file: the store that needs no server.
//!
//! One thread writes and groups what waits into one transaction; two others read. Several processes may share the file.

#[cfg(feature = "testing")]
mod any;
mod ballast;
mod cancel;
mod connection;
mod control;
mod ends;
mod entry;
mod error;
mod forget;
mod group;
mod hasten;
mod holds;
mod inspector;
mod lease;
mod ledger;
mod list;
mod notes;
mod numbers;
mod operator;
mod options;
mod place;
mod promote;
mod prune;
mod push;
mod reader;
mod reclaim;
mod repair;
mod reserve;
mod retry;
mod rows;
mod schema;
mod settle;
mod spare;
mod standing;
#[cfg(test)]
mod tests;
mod trails;
mod verify;
mod wake;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use journeyman_job::QueueName;
use notify::RecommendedWatcher;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

#[cfg(feature = "testing")]
pub use any::read_any;
pub(crate) use connection::{Database, pause};
pub use options::{SqliteOptions, Synchronous};

use connection::cannot_open;
use error::Failure;
use group::{Caller, Change, Waiting};
use reader::Readers;
use wake::Waker;
use writer::Writer;

use crate::clock::Clock;
use crate::drivers::takeover::Takeover;
use crate::queue::{
    Beat, BeatReply, Driver, NewJob, PushOutcome, ReserveRequest, Reserved, ReservedJob, Retention, Settle, Settled,
    StoreError, Unit, WorkerId,
};
use crate::wake::{WakeHub, Wakeups};

/// Changes that may wait; more wait to be let in.
const WAITING: usize = 1024;
const READERS: usize = 2;

/// A handle on an SQLite file. Dropping it waits for the changes that were handed in.
#[derive(Debug)]
pub struct SqliteStore {
    hub: Arc<WakeHub>,
    durability: &'static str,
    clock: Arc<dyn Clock>,
    _watcher: Option<RecommendedWatcher>,
    // The order matters: the threads end once these two are gone, and are waited for after that.
    writer: mpsc::Sender<Box<dyn Waiting>>,
    readers: Readers,
    _threads: Threads,
}

/// Waits for its threads when dropped.
#[derive(Debug)]
struct Threads(Vec<thread::JoinHandle<()>>);

impl SqliteStore {
    /// Opens the file at `path`; creates and migrates it as needed. `clock` is the store's clock.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_with(path, clock, SqliteOptions::default())
    }

    /// The same with other than the default options.
    pub fn open_with(path: &Path, clock: Arc<dyn Clock>, options: SqliteOptions) -> Result<Self, StoreError> {
        let durability = options.durability();
        let database = Database::prepare(path, options)?;
        let (wake_path, wake_file) = database.wake_file()?;
        let connection = open_migrated(&database, &wake_file)?;
        let readers = (0..READERS).map(|_| database.reader()).collect::<Result<_, _>>().map_err(Failure::from)?;

        let hub = Arc::new(WakeHub::default());
        let waker = Waker::new(Arc::clone(&hub), wake_file);
        let watcher = waker.watch(&wake_path);
        let cannot_start = |error| cannot_open(path, &error);
        let (readers, mut running) = Readers::start(readers).map_err(cannot_start)?;
        let (sender, inbox) = mpsc::channel(WAITING);
        let writer = Writer::new(database, connection, Arc::clone(&clock), waker);
        running.push(writer.start(inbox).map_err(cannot_start)?);
        Ok(Self { hub, durability, clock, _watcher: watcher, writer: sender, readers, _threads: Threads(running) })
    }

    /// Has the writer make a change; returns after its commit.
    async fn change<C: Change>(&self, change: C) -> Result<C::Answer, StoreError> {
        let gone = || StoreError::Unavailable("the writer of the database has gone".into());
        let (reply, answer) = oneshot::channel();
        self.writer.send(Box::new(Caller::new(change, reply))).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            // What a thread panicked with was told to its callers.
            let _ = thread.join();
        }
    }
}

/// One process at a time sets the file up; the lock is the wake file's, because SQLite's own are not yet usable then.
fn open_migrated(database: &Database, lock: &File) -> Result<Connection, StoreError> {
    lock.lock().map_err(|error| cannot_open(database.path(), &error))?;
    let opened = database.writer().map_err(Failure::from).map_err(StoreError::from).and_then(|mut connection| {
        schema::migrate(&mut connection)?;
        Ok(connection)
    });
    // Released with the file at the latest.
    let _ = lock.unlock();
    opened
}

#[async_trait]
impl Driver for SqliteStore {
    async fn push(&self, jobs: &[NewJob], unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        self.change(push::Push { jobs: jobs.to_vec(), unit }).await
    }

    async fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reserved, StoreError> {
        self.change(reserve::Reserve(request.into())).await
    }

    async fn extend(&self, beat: &Beat<'_>) -> Result<BeatReply, StoreError> {
        let Beat { worker, lease, held } = *beat;
        self.change(lease::Extend { worker: worker.clone(), lease, held: held.to_vec() }).await
    }

    async fn settle(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        self.change(settle::SettleBatch { batch: batch.to_vec() }).await
    }

    async fn promote(&self, max: usize) -> Result<usize, StoreError> {
        self.change(promote::Promote { max }).await
    }

    async fn reclaim(&self, request: &ReserveRequest<'_>) -> Result<Vec<ReservedJob>, StoreError> {
        self.change(reclaim::Reclaim(request.into(), Takeover::begins(request))).await
    }

    async fn retire(&self, worker: &WorkerId) -> Result<(), StoreError> {
        self.change(lease::Retire { worker: worker.clone() }).await
    }

    async fn prune(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        self.change(prune::Prune { retention, max }).await
    }

    fn wakeups(&self, queues: &[QueueName]) -> Wakeups {
        self.hub.listen(queues)
    }

    async fn durability(&self) -> Result<String, StoreError> {
        Ok(self.durability.into())
    }
}

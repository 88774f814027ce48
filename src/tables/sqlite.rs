//! Tables in an SQLite file of their own, apart from the jobs'. Several processes may share it.
//!
//! One thread writes. What waits when it comes round goes into one transaction, each change behind a savepoint of its
//! own, so that many jobs share one wait for the disk and none can undo another.

mod fault;
mod schema;
mod session;
mod writer;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;
use super::session::Change;
use crate::drivers::sqlite::{Database, SqliteOptions, Synchronous};
use crate::queue::StoreError;
use writer::{Caller, Waiting, Writer};

/// Changes that may wait; more wait to be let in.
const WAITING: usize = 1024;

/// The handing-in end; the thread ends once this is dropped and what was handed in is done.
#[derive(Debug)]
pub(super) struct SqliteTables {
    inbox: mpsc::Sender<Box<dyn Waiting>>,
}

impl SqliteTables {
    /// Opens the file; creates and migrates it as needed.
    pub(super) async fn open(path: PathBuf, busy_timeout: Duration) -> Result<Self, Fault> {
        // The disk may be slow, and another process may be at the migration.
        let opening = tokio::task::spawn_blocking(move || Self::open_now(&path, busy_timeout));
        opening.await.map_err(|error| Fault::Passing(error.to_string()))?
    }

    fn open_now(path: &Path, busy_timeout: Duration) -> Result<Self, Fault> {
        // Money: what was acknowledged survives a power cut.
        let options = SqliteOptions { synchronous: Synchronous::Full, busy_timeout, ..SqliteOptions::default() };
        let told = |error: StoreError| match error {
            StoreError::Refused(reason) => Fault::Refused(reason),
            passing => Fault::Passing(passing.to_string()),
        };
        let database = Database::prepare(path, options).map_err(told)?;
        let connection = schema::open_migrated(&database).map_err(told)?;
        let (inbox, waiting) = mpsc::channel(WAITING);
        let writer = Writer::new(database, connection, busy_timeout);
        let named = thread::Builder::new().name("tables-writer".into());
        // Not joined: what was not committed when the process ends is undone by the next one that opens the file.
        named.spawn(move || writer.run(waiting)).map_err(|error| Fault::Passing(error.to_string()))?;
        Ok(Self { inbox })
    }

    pub(super) async fn change<C: Change>(&self, change: C) -> Result<C::Answer, Fault> {
        let gone = || Fault::Passing("the writer of the file has gone".into());
        let (reply, answer) = oneshot::channel();
        self.inbox.send(Box::new(Caller::new(change, reply))).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

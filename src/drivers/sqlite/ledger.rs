//! What the writer knows of the file without looking.
//!
//! Read once and kept from one transaction to the next, so that a look at queues that are known to be empty, or paused,
//! asks SQLite nothing. SQLite tells at the beginning of a transaction whether another connection has written since the
//! last one; then all of it is forgotten, as it is after a transaction that failed.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};

use journeyman_job::QueueName;
use rusqlite::Connection;

use super::entry::Entry;
use super::rows;

const VERSION: &str = "PRAGMA data_version";

const PAUSED: &str = "SELECT queue FROM queue_paused";

/// Queues known at once; a store with more of them looks them up anew now and then.
const MOST: usize = 1000;

/// Whom to wake after the commit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wakes {
    /// Queues of which idle workers of this process should hear.
    pub(super) here: Vec<QueueName>,
    /// Those for want of which workers of other processes may sit idle.
    pub(super) elsewhere: Vec<QueueName>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    version: Option<i64>,
    entries: BTreeMap<QueueName, Entry>,
    paused: Option<BTreeSet<QueueName>>,
    /// Queues to wake for whatever their numbers say.
    resumed: Vec<QueueName>,
    pub(super) has_ballast: Option<bool>,
    /// Whether there are records of failed jobs, among which a pushed id must be looked for too.
    pub(super) has_failed_jobs: Option<bool>,
}

impl Ledger {
    /// Forgets what may no longer hold. To be called first in each transaction.
    pub(super) fn open(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version = connection.prepare_cached(VERSION)?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) || self.entries.len() > MOST {
            *self = Self { version: Some(version), ..Self::default() };
        }
        Ok(())
    }

    /// Forgets what it knows, because it will no longer be so. What was gathered is written, and who was to be woken will be.
    pub(super) fn forget(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let Wakes { here: resumed, .. } = self.close(connection)?;
        *self = Self { version: self.version, resumed, ..Self::default() };
        Ok(())
    }

    /// The entry of a queue, whether or not anything was ever pushed to it.
    pub(super) fn entry(&mut self, connection: &Connection, queue: &QueueName) -> rusqlite::Result<&mut Entry> {
        Ok(match self.entries.entry(queue.clone()) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(unknown) => unknown.insert(Entry::load(connection, queue)?),
        })
    }

    pub(super) fn is_paused(&mut self, connection: &Connection, queue: &QueueName) -> rusqlite::Result<bool> {
        if self.paused.is_none() {
            let mut select = connection.prepare_cached(PAUSED)?;
            let paused = select.query_map([], |row| rows::queue_name(row, 0))?.collect::<Result<_, _>>()?;
            self.paused = Some(paused);
        }
        Ok(self.paused.as_ref().is_some_and(|paused| paused.contains(queue)))
    }

    /// A pause began or ended.
    pub(super) fn pauses_changed(&mut self) {
        self.paused = None;
    }

    pub(super) fn resumed(&mut self, queue: &QueueName) {
        self.resumed.push(queue.clone());
    }

    /// Writes the numbers back, and tells whom to wake once they are committed.
    pub(super) fn close(&mut self, connection: &Connection) -> rusqlite::Result<Wakes> {
        let resumed = std::mem::take(&mut self.resumed);
        let mut wakes = Wakes { here: resumed.clone(), elsewhere: resumed };
        for (queue, entry) in &mut self.entries {
            let (here, elsewhere) = entry.wakes();
            if here {
                wakes.here.push(queue.clone());
            }
            if elsewhere {
                wakes.elsewhere.push(queue.clone());
            }
            entry.store(connection, queue)?;
        }
        Ok(wakes)
    }
}

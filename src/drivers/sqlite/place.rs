//! Where a job waits.

use journeyman_job::{Priority, QueueName};

use super::entry::Entry;
use super::group::Group;
use crate::clock::Timestamp;
use crate::queue::State;

/// A place behind all others of a queue. It is looked up, written into the job's row, and then taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) state: State,
    pub(super) position: i64,
    /// Microseconds.
    pub(super) due: i64,
    /// When the first of those delayed is due.
    earliest: Option<i64>,
}

impl Place {
    /// For a job that may run from `due` on.
    pub(super) fn behind_all(group: &mut Group<'_>, queue: &QueueName, due: Timestamp) -> rusqlite::Result<Self> {
        let (connection, is_delayed) = (group.connection, due > group.now);
        let entry = group.ledger.entry(connection, queue)?;
        let earliest = if is_delayed { entry.earliest(connection, queue)? } else { None };
        let state = if is_delayed { State::Delayed } else { State::Pending };
        Ok(Self { state, position: entry.next_position(), due: due.as_micros(), earliest })
    }

    /// The job is there now.
    pub(super) fn take(self, entry: &mut Entry, priority: Priority) {
        entry.take_position();
        match self.state {
            State::Delayed => entry.will_be_due(self.due, self.earliest),
            _ => entry.arrived(priority),
        }
    }
}

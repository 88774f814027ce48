//! Where a job waits.

use journeyman_job::{Priority, QueueName};
use rusqlite::params;

use super::group::Group;
use super::promote;
use crate::clock::Timestamp;
use crate::queue::State;

pub(super) const TO_PENDING: &str =
    "INSERT INTO queue_pending (queue, priority, position, id, has_trail) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const TO_DELAYED: &str = "INSERT INTO queue_delayed (queue, available_at, position, id, priority, has_trail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

pub(super) const LEAVE_PENDING: &str = "DELETE FROM queue_pending WHERE queue = ?1 AND priority = ?2 AND position = ?3";

/// A job that waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting<'q> {
    /// Its row in `queue_jobs`.
    pub(super) row: i64,
    pub(super) queue: &'q QueueName,
    pub(super) priority: Priority,
    /// Whether it was settled before.
    pub(super) has_trail: bool,
}

/// Puts a job among the pending ones of its queue, where it was before or at a place that was taken for it.
pub(super) fn line_up(group: &Group<'_>, job: Waiting<'_>, position: i64) -> rusqlite::Result<()> {
    let Waiting { row, queue, priority, has_trail } = job;
    group.statement(TO_PENDING)?.execute(params![queue.as_str(), priority.as_number(), position, row, has_trail])?;
    Ok(())
}

/// Takes a job out of where it waits, pending or delayed.
pub(super) fn leave(
    group: &Group<'_>,
    (queue, priority): (&QueueName, Priority),
    state: State,
    (available_at, position): (i64, i64),
) -> rusqlite::Result<()> {
    let queue = queue.as_str();
    match state {
        State::Delayed => group.statement(promote::LEAVE)?.execute(params![queue, available_at, position])?,
        _ => group.statement(LEAVE_PENDING)?.execute(params![queue, priority.as_number(), position])?,
    };
    Ok(())
}

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

    /// The job waits there from now on.
    pub(super) fn take(self, group: &mut Group<'_>, job: Waiting<'_>) -> rusqlite::Result<()> {
        let Waiting { row, queue, priority, has_trail } = job;
        if self.state == State::Delayed {
            let values = params![queue.as_str(), self.due, self.position, row, priority.as_number(), has_trail];
            group.statement(TO_DELAYED)?.execute(values)?;
        } else {
            line_up(group, job, self.position)?;
        }
        let entry = group.ledger.entry(group.connection, queue)?;
        entry.take_position();
        match self.state {
            State::Delayed => entry.will_be_due(self.due, self.earliest),
            _ => entry.arrived(priority),
        }
        Ok(())
    }
}

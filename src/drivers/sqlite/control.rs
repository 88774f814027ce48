//! What every worker heeds: pauses and the call to restart.

use journeyman_job::QueueName;
use rusqlite::Connection;

use super::error::Failure;
use super::group::{Change, Group};
use super::rows;
use crate::queue::Control;

const PAUSE: &str = "INSERT INTO queue_paused (queue) VALUES (?1) ON CONFLICT (queue) DO NOTHING";

const RESUME: &str = "DELETE FROM queue_paused WHERE queue = ?1";

const SIGNAL: &str = "UPDATE queue_control SET restarts = restarts + 1";

const RESTARTS: &str = "SELECT restarts FROM queue_control";

const PAUSED: &str = "SELECT queue FROM queue_paused ORDER BY queue";

#[derive(Debug)]
pub(super) struct Pause {
    pub(super) queue: QueueName,
}

impl Change for Pause {
    type Answer = ();

    fn apply(&self, group: &mut Group<'_>) -> Result<(), Failure> {
        group.statement(PAUSE)?.execute([self.queue.as_str()])?;
        group.ledger.pauses_changed();
        Ok(())
    }

    fn weight(&self) -> usize {
        1
    }
}

#[derive(Debug)]
pub(super) struct Resume {
    pub(super) queue: QueueName,
}

impl Change for Resume {
    type Answer = ();

    fn apply(&self, group: &mut Group<'_>) -> Result<(), Failure> {
        group.statement(RESUME)?.execute([self.queue.as_str()])?;
        group.ledger.pauses_changed();
        group.ledger.resumed(&self.queue);
        Ok(())
    }

    fn weight(&self) -> usize {
        1
    }
}

#[derive(Debug)]
pub(super) struct SignalRestart;

impl Change for SignalRestart {
    type Answer = ();

    fn apply(&self, group: &mut Group<'_>) -> Result<(), Failure> {
        group.statement(SIGNAL)?.execute([])?;
        Ok(())
    }

    fn weight(&self) -> usize {
        1
    }
}

pub(super) fn read(connection: &Connection) -> rusqlite::Result<Control> {
    // One transaction: both of one moment.
    let snapshot = connection.unchecked_transaction()?;
    let restarts: i64 = snapshot.prepare_cached(RESTARTS)?.query_row([], |row| row.get(0))?;
    let paused =
        snapshot.prepare_cached(PAUSED)?.query_map([], |row| rows::queue_name(row, 0))?.collect::<Result<_, _>>()?;
    Ok(Control { restarts: restarts.cast_unsigned(), paused })
}

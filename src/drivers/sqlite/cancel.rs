//! Calling waiting jobs off.

use journeyman_job::JobId;
use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::{ends, place, standing, trails};
use crate::queue::{Cancelled, State};

/// The end of a job in nobody's hands; its past stays.
const CANCEL: &str = "INSERT INTO queue_trails (id, state, ended_at, attempts) VALUES (?1, 'cancelled', ?2, 0)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at";

#[derive(Debug)]
pub(super) struct Cancel {
    pub(super) job: JobId,
}

impl Change for Cancel {
    type Answer = Cancelled;

    fn apply(&self, group: &mut Group<'_>) -> Result<Cancelled, Failure> {
        let Some(job) = standing::find(group, self.job)? else { return Ok(Cancelled::Nothing) };
        if !matches!(job.state, State::Pending | State::Delayed) {
            return Ok(Cancelled::Not(job.state));
        }
        place::leave(group, (&job.queue, job.priority), job.state, (job.available_at, job.position))?;
        group.statement(CANCEL)?.execute(params![job.row, group.now.as_micros()])?;
        ends::note(group, &job.queue, State::Cancelled, &[job.row])?;
        if job.unique_key.is_some() {
            trails::free_key(group, job.row)?;
        }
        let entry = group.ledger.entry(group.connection, &job.queue)?;
        match job.state {
            State::Delayed => entry.no_longer_delayed(1),
            _ => entry.departed(job.priority, 1),
        }
        entry.change().cancelled += 1;
        Ok(Cancelled::Done)
    }

    fn weight(&self) -> usize {
        1
    }
}

//! Calling waiting jobs off.

use journeyman_job::JobId;
use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::standing;
use crate::queue::{Cancelled, State};

const CANCEL: &str = "UPDATE queue_jobs SET state = 'cancelled', ended_at = ?2 WHERE id = ?1";

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
        group.statement(CANCEL)?.execute(params![job.row, group.now.as_micros()])?;
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

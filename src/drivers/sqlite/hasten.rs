//! Making delayed jobs pending before their time.

use journeyman_job::JobId;
use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::place::{Place, Waiting};
use super::standing;
use crate::queue::{Hastened, State};

pub(super) const LEAVE: &str =
    "DELETE FROM queue_delayed WHERE queue = ?1 AND available_at = ?2 AND position = ?3 RETURNING has_trail";

const MOVE: &str = "UPDATE queue_jobs SET position = ?2, available_at = ?3 WHERE id = ?1";

#[derive(Debug)]
pub(super) struct Hasten {
    pub(super) job: JobId,
}

impl Change for Hasten {
    type Answer = Hastened;

    fn apply(&self, group: &mut Group<'_>) -> Result<Hastened, Failure> {
        let Some(job) = standing::find(group, self.job)? else { return Ok(Hastened::Nothing) };
        if job.state != State::Delayed {
            return Ok(Hastened::Not(job.state));
        }
        let at = params![job.queue.as_str(), job.available_at, job.position];
        let has_trail = group.statement(LEAVE)?.query_row(at, |row| row.get(0))?;
        group.ledger.entry(group.connection, &job.queue)?.no_longer_delayed(1);
        let place = Place::behind_all(group, &job.queue, group.now)?;
        group.statement(MOVE)?.execute([job.row, place.position, place.due])?;
        place.take(group, Waiting { row: job.row, queue: &job.queue, priority: job.priority, has_trail })?;
        Ok(Hastened::Done)
    }

    fn weight(&self) -> usize {
        1
    }
}

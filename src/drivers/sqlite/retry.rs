//! Putting failed and cancelled jobs back.

use rusqlite::params;

use super::ends;
use super::error::Failure;
use super::group::{Change, Group};
use super::place::{Place, Waiting};
use super::standing::{self, Standing};
use crate::queue::{Retried, Retry, State};

const RETURN_CANCELLED: &str = "UPDATE queue_jobs SET position = ?2, available_at = ?3, key_is_free = 0 WHERE id = ?1";

const BEGIN_ANEW: &str =
    "UPDATE queue_trails SET state = NULL, ended_at = NULL, attempts = 0, trail = ?2 WHERE id = ?1";

pub(super) const RETURN_FAILED: &str =
    "INSERT INTO queue_jobs (job_id, queue, priority, position, available_at, created_at, unique_key, payload)
    SELECT job_id, queue, priority, ?2, ?3, created_at, unique_key, payload
    FROM queue_failed_jobs WHERE id = ?1";

const KEEP_TRAIL: &str = "INSERT INTO queue_trails (id, attempts, started_at, settled_attempt, settled_call, trail)
    SELECT ?2, 0, started_at, settled_attempt, settled_call, ?3 FROM queue_failed_jobs WHERE id = ?1";

const REMOVE_FAILED: &str = "DELETE FROM queue_failed_jobs WHERE id = ?1";

impl Change for Retry {
    type Answer = Retried;

    fn apply(&self, group: &mut Group<'_>) -> Result<Retried, Failure> {
        let Some(job) = standing::find(group, self.job)? else { return Ok(Retried::Nothing) };
        if !matches!(job.state, State::Failed | State::Cancelled) {
            return Ok(Retried::Not(job.state));
        }
        if let Some(key) = &job.unique_key
            && let Some(first) = standing::key_holder(group, &job.queue, key)?
        {
            return Ok(Retried::Duplicate(first));
        }
        put_back(group, &job, &self.trail)?;
        Ok(Retried::Done)
    }

    fn weight(&self) -> usize {
        1
    }
}

fn put_back(group: &mut Group<'_>, job: &Standing, trail: &[u8]) -> rusqlite::Result<()> {
    let place = Place::behind_all(group, &job.queue, group.now)?;
    let values = [job.row, place.position, place.due];
    let row = if job.state == State::Failed {
        group.statement(RETURN_FAILED)?.execute(values)?;
        let row = group.connection.last_insert_rowid();
        group.statement(KEEP_TRAIL)?.execute(params![job.row, row, trail])?;
        group.statement(REMOVE_FAILED)?.execute([job.row])?;
        row
    } else {
        ends::strike(group, &job.queue, job.state, job.ended_at, job.row)?;
        group.statement(RETURN_CANCELLED)?.execute(values)?;
        group.statement(BEGIN_ANEW)?.execute(params![job.row, trail])?;
        job.row
    };
    place.take(group, Waiting { row, queue: &job.queue, priority: job.priority, has_trail: true })?;
    let changes = group.ledger.entry(group.connection, &job.queue)?.change();
    *changes.ended(job.state) -= 1;
    changes.system_errors -= i64::from(job.is_system_error);
    Ok(())
}

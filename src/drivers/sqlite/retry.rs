//! Putting failed and cancelled jobs back.

use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::place::Place;
use super::standing::{self, Standing};
use crate::queue::{Retried, Retry, State};

pub(super) const RETURN_CANCELLED: &str = "UPDATE queue_jobs SET state = ?2, position = ?3, available_at = ?4,
    attempts = 0, ended_at = NULL, trail = ?5 WHERE id = ?1";

pub(super) const RETURN_FAILED: &str =
    "INSERT INTO queue_jobs (job_id, queue, priority, state, position, attempts, available_at, created_at, started_at,
        settled_attempt, settled_call, unique_key, trail, payload)
    SELECT job_id, queue, priority, ?2, ?3, 0, ?4, created_at, started_at,
        settled_attempt, settled_call, unique_key, ?5, payload
    FROM queue_failed_jobs WHERE id = ?1";

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
    let values = params![job.row, place.state.as_str(), place.position, place.due, trail];
    if job.state == State::Failed {
        group.statement(RETURN_FAILED)?.execute(values)?;
        group.statement(REMOVE_FAILED)?.execute([job.row])?;
    } else {
        group.statement(RETURN_CANCELLED)?.execute(values)?;
    }
    let entry = group.ledger.entry(group.connection, &job.queue)?;
    let changes = entry.change();
    *changes.ended(job.state) -= 1;
    changes.system_errors -= i64::from(job.is_system_error);
    place.take(entry, job.priority);
    Ok(())
}

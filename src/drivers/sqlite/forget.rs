//! Removing jobs for good by hand: the record of one that has ended, or those that wait.

use journeyman_job::{JobId, Priority, QueueName};
use rusqlite::{Row, params};

use super::error::Failure;
use super::group::{Change, Group};
use super::{ends, place, rows, standing, trails};
use crate::queue::{Forgotten, State, limits};

const REMOVE: &str = "DELETE FROM queue_jobs WHERE id = ?1";

const REMOVE_FAILED: &str = "DELETE FROM queue_failed_jobs WHERE id = ?1";

/// One ended job's record.
#[derive(Debug)]
pub(super) struct Forget {
    pub(super) job: JobId,
}

impl Change for Forget {
    type Answer = Forgotten;

    fn apply(&self, group: &mut Group<'_>) -> Result<Forgotten, Failure> {
        let Some(job) = standing::find(group, self.job)? else { return Ok(Forgotten::Nothing) };
        if !job.state.is_ended() {
            return Ok(Forgotten::Not(job.state));
        }
        if job.state == State::Failed {
            group.statement(REMOVE_FAILED)?.execute([job.row])?;
        } else {
            ends::strike(group, &job.queue, job.state, job.ended_at, job.row)?;
            group.statement(REMOVE)?.execute([job.row])?;
            trails::remove(group, job.row)?;
        }
        let changes = group.ledger.entry(group.connection, &job.queue)?.change();
        *changes.ended(job.state) -= 1;
        changes.system_errors -= i64::from(job.is_system_error);
        changes.gone(self.job, &job.queue);
        Ok(Forgotten::Done)
    }

    fn weight(&self) -> usize {
        1
    }
}

pub(super) const PURGE_PENDING: &str = "SELECT w.position, w.id, j.job_id, 0
    FROM queue_pending w CROSS JOIN queue_jobs j ON j.id = w.id
    WHERE w.queue = ?1 AND w.priority = ?2 ORDER BY w.position LIMIT ?3";

pub(super) const PURGE_DELAYED: &str = "SELECT w.position, w.id, j.job_id, w.available_at
    FROM queue_delayed w INDEXED BY queue_delayed_by_priority CROSS JOIN queue_jobs j ON j.id = w.id
    WHERE w.queue = ?1 AND w.priority = ?2 LIMIT ?3";

/// The jobs of a queue that wait, in small chunks.
#[derive(Debug)]
pub(super) struct Purge {
    pub(super) queue: QueueName,
    pub(super) priority: Option<Priority>,
    pub(super) max: usize,
}

impl Change for Purge {
    type Answer = usize;

    fn apply(&self, group: &mut Group<'_>) -> Result<usize, Failure> {
        let mut removed = 0;
        for priority in Priority::DESCENDING {
            if self.priority.is_none_or(|wanted| wanted == priority) {
                removed += self.remove(group, State::Pending, priority, self.max - removed)?;
                removed += self.remove(group, State::Delayed, priority, self.max - removed)?;
            }
        }
        Ok(removed)
    }

    fn weight(&self) -> usize {
        self.max.min(limits::PER_CALL)
    }
}

impl Purge {
    fn remove(&self, group: &mut Group<'_>, from: State, priority: Priority, room: usize) -> rusqlite::Result<usize> {
        let sql = if from == State::Delayed { PURGE_DELAYED } else { PURGE_PENDING };
        let values = params![self.queue.as_str(), priority.as_number(), rows::whole(room)];
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, rows::job_id(row, 2)?, row.get(3)?));
        let found: Vec<(i64, i64, JobId, i64)> =
            group.statement(sql)?.query_map(values, read)?.collect::<Result<_, _>>()?;
        for (position, row, _, available_at) in &found {
            place::leave(group, (&self.queue, priority), from, (*available_at, *position))?;
            group.statement(REMOVE)?.execute([row])?;
            trails::remove(group, *row)?;
        }
        let removed: Vec<JobId> = found.into_iter().map(|(_, _, id, _)| id).collect();
        let Some(entry) = group.entry(&self.queue)?.filter(|_| !removed.is_empty()) else { return Ok(0) };
        match from {
            State::Delayed => entry.no_longer_delayed(rows::whole(removed.len())),
            _ => entry.departed(priority, rows::whole(removed.len())),
        }
        let changes = entry.change();
        removed.iter().for_each(|id| changes.gone(*id, &self.queue));
        Ok(removed.len())
    }
}

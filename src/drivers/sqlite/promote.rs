//! Making delayed jobs pending that have come due.

use journeyman_job::QueueName;
use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::place::{Place, Waiting};
use super::rows;
use crate::queue::limits;

pub(super) const DUE: &str = "SELECT id, priority, has_trail, available_at, position FROM queue_delayed
    WHERE queue = ?1 AND available_at <= ?2 ORDER BY available_at, position LIMIT ?3";

pub(super) const LEAVE: &str = "DELETE FROM queue_delayed WHERE queue = ?1 AND available_at = ?2 AND position = ?3";

const MOVE: &str = "UPDATE queue_jobs SET position = ?2 WHERE id = ?1";

const QUEUES: &str = "SELECT queue FROM queue_stats WHERE delayed > 0";

/// Sends up to `max` due jobs to the back of their queue, the first due first. Returns how many.
pub(super) fn promote_queue(group: &mut Group<'_>, queue: &QueueName, max: usize) -> rusqlite::Result<usize> {
    if group.earliest(queue)?.is_none_or(|due| due > group.now.as_micros()) {
        return Ok(0);
    }
    let mut select = group.statement(DUE)?;
    let due: Vec<_> = select
        .query_map(params![queue.as_str(), group.now.as_micros(), rows::whole(max)], |row| {
            let job = Waiting { row: row.get(0)?, queue, priority: rows::priority(row, 1)?, has_trail: row.get(2)? };
            Ok((job, row.get::<_, i64>(3)?, row.get::<_, i64>(4)?))
        })?
        .collect::<Result<_, _>>()?;
    let (mut leave, mut change) = (group.statement(LEAVE)?, group.statement(MOVE)?);
    let Some(entry) = group.entry(queue)?.filter(|_| !due.is_empty()) else { return Ok(0) };
    entry.no_longer_delayed(rows::whole(due.len()));
    for (job, available_at, position) in &due {
        leave.execute(params![queue.as_str(), available_at, position])?;
        let place = Place::behind_all(group, queue, group.now)?;
        change.execute([job.row, place.position])?;
        place.take(group, *job)?;
    }
    Ok(due.len())
}

/// The same for every queue.
#[derive(Debug)]
pub(super) struct Promote {
    pub(super) max: usize,
}

impl Change for Promote {
    type Answer = usize;

    fn apply(&self, group: &mut Group<'_>) -> Result<usize, Failure> {
        let queues: Vec<QueueName> =
            group.statement(QUEUES)?.query_map([], |row| rows::queue_name(row, 0))?.collect::<Result<_, _>>()?;
        let mut promoted = 0;
        for queue in &queues {
            promoted += promote_queue(group, queue, self.max - promoted)?;
        }
        Ok(promoted)
    }

    fn weight(&self) -> usize {
        self.max.min(limits::PER_CALL)
    }
}

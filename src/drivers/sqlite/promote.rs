//! Making delayed jobs pending that have come due.

use journeyman_job::QueueName;
use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::rows;
use crate::queue::limits;

pub(super) const DUE: &str = "SELECT id, priority FROM queue_jobs
    WHERE state = 'delayed' AND queue = ?1 AND available_at <= ?2 ORDER BY available_at, position LIMIT ?3";

const PROMOTE: &str = "UPDATE queue_jobs SET state = 'pending', position = ?2 WHERE id = ?1";

const QUEUES: &str = "SELECT queue FROM queue_stats WHERE delayed > 0";

/// Sends up to `max` due jobs to the back of their queue, the first due first. Returns how many.
pub(super) fn promote_queue(group: &mut Group<'_>, queue: &QueueName, max: usize) -> rusqlite::Result<usize> {
    if group.earliest(queue)?.is_none_or(|due| due > group.now.as_micros()) {
        return Ok(0);
    }
    let mut select = group.statement(DUE)?;
    let due: Vec<_> = select
        .query_map(params![queue.as_str(), group.now.as_micros(), rows::whole(max)], |row| {
            Ok((row.get::<_, i64>(0)?, rows::priority(row, 1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut update = group.statement(PROMOTE)?;
    let Some(entry) = group.entry(queue)?.filter(|_| !due.is_empty()) else { return Ok(0) };
    entry.no_longer_delayed(rows::whole(due.len()));
    for (id, priority) in &due {
        update.execute(params![id, entry.next_position()])?;
        entry.take_position();
        entry.arrived(*priority);
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

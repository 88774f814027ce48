//! Removing records of ended jobs.

use journeyman_job::QueueName;
use rusqlite::params;

use super::error::Failure;
use super::group::{Change, Group};
use super::{ends, notes, rows};
use crate::queue::{NoteKind, Retention, State, limits};

const QUEUES: &str = "SELECT queue, completed, cancelled, failed FROM queue_stats
    WHERE completed + cancelled + failed > 0 ORDER BY queue";

pub(super) const PRUNE: &str = "DELETE FROM queue_jobs WHERE id IN (SELECT value FROM json_each(?1)) RETURNING job_id";

pub(super) const PRUNE_TRAILS: &str = "DELETE FROM queue_trails WHERE id IN (SELECT value FROM json_each(?1))";

pub(super) const PRUNE_FAILED: &str = "DELETE FROM queue_failed_jobs WHERE id IN (SELECT id FROM queue_failed_jobs
        WHERE queue = ?1 AND failed_at <= ?2 ORDER BY failed_at LIMIT ?3)
    RETURNING job_id, system_error";

#[derive(Debug)]
pub(super) struct Prune {
    pub(super) retention: Retention,
    pub(super) max: usize,
}

impl Change for Prune {
    type Answer = usize;

    fn apply(&self, group: &mut Group<'_>) -> Result<usize, Failure> {
        for kind in NoteKind::ALL {
            notes::expire(group, kind)?;
        }
        let mut removed = 0;
        for (queue, kept) in ended(group)? {
            for (state, count) in kept {
                removed += self.prune(group, &queue, state, count, rows::whole(self.max) - removed)?;
            }
        }
        Ok(usize::try_from(removed).unwrap_or(0))
    }

    fn weight(&self) -> usize {
        self.max.min(limits::PER_CALL)
    }
}

impl Prune {
    /// First what is too old, then what is too much.
    fn prune(
        &self,
        group: &mut Group<'_>,
        queue: &QueueName,
        state: State,
        count: i64,
        room: i64,
    ) -> rusqlite::Result<i64> {
        let mut removed = 0;
        if let Some(end) = self.oldest_kept(group, state) {
            removed += remove(group, queue, state, end, room)?;
        }
        let surplus = count - removed - i64::try_from(self.retention.max_records).unwrap_or(i64::MAX);
        if surplus > 0 {
            removed += remove(group, queue, state, i64::MAX, surplus.min(room - removed))?;
        }
        Ok(removed)
    }

    /// Records that ended up to here are too old; none if age does not matter.
    fn oldest_kept(&self, group: &Group<'_>, state: State) -> Option<i64> {
        match (self.retention.ttl.is_zero(), state) {
            (true, State::Failed) => None,
            (true, _) => Some(i64::MAX),
            (false, _) => Some(group.now.minus(self.retention.ttl).as_micros()),
        }
    }
}

/// Removes some of the oldest records of completed and cancelled jobs, whatever is to be kept. Returns how many.
pub(super) fn make_room(group: &mut Group<'_>) -> rusqlite::Result<i64> {
    let mut removed = 0;
    for (queue, _) in ended(group)? {
        for state in [State::Completed, State::Cancelled] {
            removed += remove(group, &queue, state, i64::MAX, rows::whole(limits::PER_CALL) - removed)?;
        }
    }
    Ok(removed)
}

/// How many records there are by end state.
type Kept = [(State, i64); 3];

fn ended(group: &mut Group<'_>) -> rusqlite::Result<Vec<(QueueName, Kept)>> {
    let mut select = group.statement(QUEUES)?;
    let rows = select.query_map([], |row| {
        let kept = [(State::Completed, row.get(1)?), (State::Cancelled, row.get(2)?), (State::Failed, row.get(3)?)];
        Ok((rows::queue_name(row, 0)?, kept))
    })?;
    let mut queues = rows.collect::<rusqlite::Result<Vec<(QueueName, Kept)>>>()?;
    for (queue, kept) in &mut queues {
        // What this transaction has done so far is not in the table yet.
        let Some(entry) = group.entry(queue)? else { continue };
        kept.iter_mut().for_each(|(how, count)| *count += *entry.changes().ended(*how));
    }
    Ok(queues)
}

fn remove(group: &mut Group<'_>, queue: &QueueName, state: State, end: i64, room: i64) -> rusqlite::Result<i64> {
    if room <= 0 {
        return Ok(0);
    }
    let removed = if state == State::Failed {
        let mut delete = group.statement(PRUNE_FAILED)?;
        let rows = delete
            .query_map(params![queue.as_str(), end, room], |row| Ok((rows::job_id(row, 0)?, row.get::<_, bool>(1)?)))?;
        rows.collect::<Result<Vec<_>, _>>()?
    } else {
        let struck = ends::strike_oldest(group, queue, state, end, usize::try_from(room).unwrap_or(0))?;
        let listed = format!("{struck:?}");
        let mut delete = group.statement(PRUNE)?;
        let removed = delete.query_map([&listed], |row| Ok((rows::job_id(row, 0)?, false)))?;
        let removed = removed.collect::<Result<Vec<_>, _>>()?;
        group.statement(PRUNE_TRAILS)?.execute([&listed])?;
        removed
    };
    if let Some(entry) = group.entry(queue)?.filter(|_| !removed.is_empty()) {
        let changes = entry.change();
        *changes.ended(state) -= rows::whole(removed.len());
        changes.system_errors -= rows::whole(removed.iter().filter(|(_, is_system_error)| *is_system_error).count());
        removed.iter().for_each(|(id, _)| changes.gone(*id, queue));
    }
    Ok(rows::whole(removed.len()))
}

//! Which jobs have ended when.
//!
//! Jobs that ended together lie in one row, as they lay in a hold before, so that a job's end costs no index an entry. A row
//! holds only jobs whose records are there, whose trails say the same state and time.

use journeyman_job::QueueName;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::group::Group;
use crate::queue::State;

/// Jobs in one row: it then fits into a page.
const JOBS: usize = 480;
/// Length of one job there: its row in `queue_jobs`.
pub(super) const BYTES: usize = 8;

const INSERT: &str = "INSERT INTO queue_ends (queue, state, ended_at, jobs) VALUES (?1, ?2, ?3, ?4)";

pub(super) const OLDEST: &str = "SELECT id, ended_at, jobs FROM queue_ends
    WHERE queue = ?1 AND state = ?2 AND ended_at <= ?3 ORDER BY ended_at, id LIMIT 1";

/// Those of one moment come together: they are one transaction's, unless the clock is held still.
pub(super) const BEFORE: &str = "SELECT id, ended_at, jobs FROM queue_ends
    WHERE queue = ?1 AND state = ?2 AND ended_at <= ?3 ORDER BY ended_at DESC";

pub(super) const AT: &str =
    "SELECT id, ended_at, jobs FROM queue_ends WHERE queue = ?1 AND state = ?2 AND ended_at = ?3";

const SHRINK: &str = "UPDATE queue_ends SET jobs = ?2 WHERE id = ?1";

const REMOVE: &str = "DELETE FROM queue_ends WHERE id = ?1";

/// A row.
#[derive(Debug)]
struct End {
    id: i64,
    ended_at: i64,
    /// Oldest first.
    jobs: Vec<i64>,
}

impl End {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (jobs, _) = row.get_ref(2)?.as_blob()?.as_chunks::<BYTES>();
        let jobs = jobs.iter().map(|job| i64::from_be_bytes(*job)).collect();
        Ok(Self { id: row.get(0)?, ended_at: row.get(1)?, jobs })
    }

    fn store(&self, group: &Group<'_>) -> rusqlite::Result<()> {
        if self.jobs.is_empty() {
            group.statement(REMOVE)?.execute([self.id])?;
        } else {
            group.statement(SHRINK)?.execute(params![self.id, written(&self.jobs)])?;
        }
        Ok(())
    }
}

/// These jobs end now.
pub(super) fn note(group: &Group<'_>, queue: &QueueName, state: State, jobs: &[i64]) -> rusqlite::Result<()> {
    for jobs in jobs.chunks(JOBS) {
        let values = params![queue.as_str(), state.as_str(), group.now.as_micros(), written(jobs)];
        group.statement(INSERT)?.execute(values)?;
    }
    Ok(())
}

/// The record of a job that ended at this time goes.
pub(super) fn strike(
    group: &Group<'_>,
    queue: &QueueName,
    state: State,
    ended_at: i64,
    job: i64,
) -> rusqlite::Result<()> {
    let mut select = group.statement(AT)?;
    let mut ends = select.query_map(params![queue.as_str(), state.as_str(), ended_at], End::read)?;
    let holds_it = |end: &rusqlite::Result<End>| end.as_ref().map_or(true, |end| end.jobs.contains(&job));
    let Some(mut end) = ends.find(holds_it).transpose()? else { return Ok(()) };
    drop(ends);
    end.jobs.retain(|other| *other != job);
    end.store(group)
}

/// Strikes the oldest that ended up to this time, at most so many. Returns which.
pub(super) fn strike_oldest(
    group: &Group<'_>,
    queue: &QueueName,
    state: State,
    until: i64,
    max: usize,
) -> rusqlite::Result<Vec<i64>> {
    let mut struck = Vec::new();
    let mut select = group.statement(OLDEST)?;
    while struck.len() < max {
        let values = params![queue.as_str(), state.as_str(), until];
        let Some(mut oldest) = select.query_row(values, End::read).optional()? else { break };
        let room = (max - struck.len()).min(oldest.jobs.len());
        struck.extend(oldest.jobs.drain(..room));
        oldest.store(group)?;
    }
    Ok(struck)
}

/// The latest that ended before this time and job, at most so many, with their times, the latest first.
pub(super) fn latest(
    connection: &Connection,
    (queue, state): (&str, State),
    before: (i64, i64),
    max: usize,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    let mut select = connection.prepare_cached(BEFORE)?;
    let mut ends = select.query(params![queue, state.as_str(), before.0])?;
    while let Some(row) = ends.next()? {
        let end = End::read(row)?;
        // All rows of one moment are looked at before the last of them is known.
        if found.len() >= max && found.last().is_some_and(|(time, _)| *time > end.ended_at) {
            break;
        }
        found.extend(end.jobs.iter().map(|job| (end.ended_at, *job)).filter(|place| *place < before));
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.truncate(max);
    Ok(found)
}

fn written(jobs: &[i64]) -> Vec<u8> {
    jobs.iter().flat_map(|job| job.to_be_bytes()).collect()
}

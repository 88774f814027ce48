//! The moving half of jobs: one row for each job that was ever settled or cancelled.

use rusqlite::{CachedStatement, params};

use super::group::Group;
use super::holds::Held;
use super::rows;
use crate::queue::{Settle, State};

/// The row is written whole each time.
pub(super) const WRITE: &str = "INSERT INTO queue_trails
        (id, state, ended_at, attempts, started_at, settled_attempt, settled_call, trail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at, attempts = excluded.attempts,
        started_at = excluded.started_at, settled_attempt = excluded.settled_attempt,
        settled_call = excluded.settled_call, trail = excluded.trail";

const REMOVE: &str = "DELETE FROM queue_trails WHERE id = ?1";

const FREE_KEY: &str = "UPDATE queue_jobs SET key_is_free = 1 WHERE id = ?1";

/// What a settlement makes of a job's moving half.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct After {
    /// Completed or cancelled, if it has ended.
    pub(super) end: Option<State>,
    /// Attempts given back.
    pub(super) refund: u32,
}

/// Ready to be run for one settlement after the other.
pub(super) fn writing<'c>(group: &Group<'c>) -> rusqlite::Result<CachedStatement<'c>> {
    group.statement(WRITE)
}

/// Writes down what a settlement says.
pub(super) fn write(
    group: &Group<'_>,
    writing: &mut CachedStatement<'_>,
    item: &Settle,
    held: &Held,
    after: After,
) -> rusqlite::Result<()> {
    writing.execute(params![
        held.row,
        after.end.map(State::as_str),
        after.end.map(|_| group.now.as_micros()),
        held.attempt.saturating_sub(after.refund),
        held.started_at,
        held.attempt,
        rows::call_column(item.reservation.token.call),
        &item.trail[..],
    ])?;
    if after.end.is_some() && held.has_key {
        free_key(group, held.row)?;
    }
    Ok(())
}

/// The job is there no more.
pub(super) fn remove(group: &Group<'_>, row: i64) -> rusqlite::Result<()> {
    group.statement(REMOVE)?.execute([row])?;
    Ok(())
}

/// Another job may have the unique key of this one, which has ended.
pub(super) fn free_key(group: &Group<'_>, row: i64) -> rusqlite::Result<()> {
    group.statement(FREE_KEY)?.execute([row])?;
    Ok(())
}

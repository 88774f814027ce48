//! Ending attempts.

use std::time::Duration;

use journeyman_job::{ErrorKind, JobError};
use rusqlite::{OptionalExtension, params};

use super::entry::Changes;
use super::error::Failure;
use super::group::{Change, Group};
use super::place::Place;
use super::{push, rows};
use crate::queue::{Counted, Reservation, Settle, Settled, Settlement, State};

/// The end, for a job whose record stays in its table.
pub(super) const END: &str = "UPDATE queue_jobs SET state = ?5, ended_at = ?6, trail = ?7,
    worker = NULL, reserved_at = NULL, settled_attempt = attempts, settled_call = call
    WHERE job_id = ?1 AND state = 'reserved' AND attempts = ?2 AND call = ?3 AND queue = ?4";

/// Back to waiting. `?6` and `?7` are NULL for a job that keeps its place and time.
pub(super) const RETURN: &str = "UPDATE queue_jobs SET state = ?5, position = coalesce(?6, position),
    available_at = coalesce(?7, available_at), attempts = attempts - ?8, trail = ?9,
    worker = NULL, reserved_at = NULL, settled_attempt = attempts, settled_call = call
    WHERE job_id = ?1 AND state = 'reserved' AND attempts = ?2 AND call = ?3 AND queue = ?4
    RETURNING priority";

pub(super) const FAIL: &str =
    "INSERT INTO queue_failed_jobs (job_id, connection, queue, priority, attempts, system_error, available_at,
        created_at, started_at, failed_at, settled_attempt, settled_call, unique_key, exception, trail,
        payload)
    SELECT job_id, 'sqlite', queue, priority, attempts, ?5, available_at,
        created_at, started_at, ?6, attempts, call, unique_key, ?7, ?8, payload
    FROM queue_jobs WHERE job_id = ?1 AND state = 'reserved' AND attempts = ?2 AND call = ?3 AND queue = ?4";

const REMOVE_FAILED: &str = "DELETE FROM queue_jobs WHERE job_id = ?1";

pub(super) const LAST_SETTLED: &str =
    "SELECT settled_attempt = ?2 AND settled_call = ?3 FROM queue_jobs WHERE job_id = ?1
    UNION ALL SELECT settled_attempt = ?2 AND settled_call = ?3 FROM queue_failed_jobs WHERE job_id = ?1";

#[derive(Debug)]
pub(super) struct SettleBatch {
    pub(super) batch: Vec<Settle>,
}

impl Change for SettleBatch {
    type Answer = Vec<Settled>;

    fn apply(&self, group: &mut Group<'_>) -> Result<Self::Answer, Failure> {
        let settled = self.batch.iter().map(|item| settle(group, item)).collect::<Result<Vec<_>, _>>()?;
        let done = self.batch.iter().zip(&settled).filter(|(_, outcome)| **outcome == Settled::Done);
        let followers: Vec<_> = done.flat_map(|(item, _)| &item.then).collect();
        if !followers.is_empty() {
            // One that is there already, or whose key is taken, keeps nobody from ending.
            push::store(group, followers)?;
        }
        Ok(settled)
    }

    fn weight(&self) -> usize {
        self.batch.len() + self.batch.iter().map(|item| item.then.len()).sum::<usize>()
    }
}

/// Where a job goes that did not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Return {
    /// To where it was: in front of all that was not taken before it.
    Front,
    After(Duration),
}

fn settle(group: &mut Group<'_>, item: &Settle) -> rusqlite::Result<Settled> {
    if group.entry(&item.reservation.queue)?.is_none() {
        return Ok(Settled::Stale);
    }
    let done = match &item.settlement {
        Settlement::Complete => end(group, item, State::Completed)?,
        Settlement::Cancel => end(group, item, State::Cancelled)?,
        Settlement::Fail { error } => fail(group, item, error)?,
        Settlement::Release { delay } => give_back(group, item, Return::After(*delay), 0)?,
        Settlement::Snooze { delay } => give_back(group, item, Return::After(*delay), 1)?,
        Settlement::Requeue => give_back(group, item, Return::Front, 1)?,
    };
    if !done {
        return last_settled(group, &item.reservation);
    }
    if let Some(entry) = group.entry(&item.reservation.queue)? {
        count(entry.change(), item);
    }
    Ok(Settled::Done)
}

fn end(group: &Group<'_>, item: &Settle, state: State) -> rusqlite::Result<bool> {
    let Reservation { job, queue, token, .. } = &item.reservation;
    let changed = group.statement(END)?.execute(params![
        job.as_bytes(),
        token.attempt,
        rows::call_column(token.call),
        queue.as_str(),
        state.as_str(),
        group.now.as_micros(),
        &item.trail[..],
    ])?;
    Ok(changed > 0)
}

fn fail(group: &Group<'_>, item: &Settle, error: &JobError) -> rusqlite::Result<bool> {
    let Reservation { job, queue, token, .. } = &item.reservation;
    let moved = group.statement(FAIL)?.execute(params![
        job.as_bytes(),
        token.attempt,
        rows::call_column(token.call),
        queue.as_str(),
        is_system_error(error),
        group.now.as_micros(),
        format!("{}: {}", error.kind(), error.message()),
        &item.trail[..],
    ])?;
    if moved > 0 {
        group.statement(REMOVE_FAILED)?.execute([job.as_bytes()])?;
    }
    Ok(moved > 0)
}

fn give_back(group: &mut Group<'_>, item: &Settle, to: Return, refund: u32) -> rusqlite::Result<bool> {
    let Reservation { job, queue, token, .. } = &item.reservation;
    let place = match to {
        Return::Front => None,
        Return::After(delay) => Some(Place::behind_all(group, queue, group.now.plus(delay))?),
    };
    let values = params![
        job.as_bytes(),
        token.attempt,
        rows::call_column(token.call),
        queue.as_str(),
        place.map_or(State::Pending, |place| place.state).as_str(),
        place.map(|place| place.position),
        place.map(|place| place.due),
        refund,
        &item.trail[..],
    ];
    let read = |row: &rusqlite::Row<'_>| rows::priority(row, 0);
    let Some(priority) = group.statement(RETURN)?.query_row(values, read).optional()? else { return Ok(false) };
    let entry = group.ledger.entry(group.connection, queue)?;
    match place {
        Some(place) => place.take(entry, priority),
        None => entry.arrived(priority),
    }
    Ok(true)
}

fn last_settled(group: &Group<'_>, reservation: &Reservation) -> rusqlite::Result<Settled> {
    let token = reservation.token;
    let values = params![reservation.job.as_bytes(), token.attempt, rows::call_column(token.call)];
    let is_this: Option<Option<bool>> =
        group.statement(LAST_SETTLED)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(if is_this.flatten() == Some(true) { Settled::Repeated } else { Settled::Stale })
}

fn count(changes: &mut Changes, item: &Settle) {
    changes.reserved -= 1;
    match item.counted {
        Some(Counted::Timeout) => changes.counters.timeouts += 1,
        Some(Counted::PoolExhausted) => changes.counters.thread_pool_exhaustion += 1,
        None => {}
    }
    match &item.settlement {
        Settlement::Complete => {
            changes.completed += 1;
            changes.counters.processed += 1;
        }
        Settlement::Fail { error } => {
            changes.failed += 1;
            changes.system_errors += i64::from(is_system_error(error));
            changes.counters.processed += 1;
            changes.counters.failed += 1;
        }
        Settlement::Cancel => changes.cancelled += 1,
        Settlement::Release { .. } => changes.counters.retried += 1,
        Settlement::Snooze { .. } | Settlement::Requeue => {}
    }
}

fn is_system_error(error: &JobError) -> bool {
    error.kind() == ErrorKind::Undecodable
}

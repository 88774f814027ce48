//! Ending attempts.

use std::collections::HashMap;
use std::time::Duration;

use journeyman_job::{ErrorKind, JobError, Priority, QueueName};
use rusqlite::{CachedStatement, OptionalExtension, params};

use super::ends;
use super::entry::Changes;
use super::error::Failure;
use super::group::{Change, Group};
use super::holds::{self, Held, Hold};
use super::place::{self, Place, Waiting};
use super::trails::{self, After};
use super::{push, rows};
use crate::queue::{CallId, Counted, Reservation, Settle, Settled, Settlement, State};

const RETURN: &str = "UPDATE queue_jobs SET position = ?2, available_at = ?3 WHERE id = ?1";

pub(super) const FAIL: &str =
    "INSERT INTO queue_failed_jobs (job_id, connection, queue, priority, attempts, system_error, available_at,
        created_at, started_at, failed_at, settled_attempt, settled_call, unique_key, exception, trail,
        payload)
    SELECT job_id, 'sqlite', queue, priority, ?2, ?3, available_at,
        created_at, ?4, ?5, ?2, ?6, unique_key, ?7, ?8, payload
    FROM queue_jobs WHERE id = ?1";

const REMOVE_FAILED: &str = "DELETE FROM queue_jobs WHERE id = ?1";

pub(super) const LAST_SETTLED: &str = "SELECT t.settled_attempt = ?2 AND t.settled_call = ?3
    FROM queue_jobs j CROSS JOIN queue_trails t ON t.id = j.id WHERE j.job_id = ?1
    UNION ALL SELECT settled_attempt = ?2 AND settled_call = ?3 FROM queue_failed_jobs WHERE job_id = ?1";

#[derive(Debug)]
pub(super) struct SettleBatch {
    pub(super) batch: Vec<Settle>,
}

impl Change for SettleBatch {
    type Answer = Vec<Settled>;

    fn apply(&self, group: &mut Group<'_>) -> Result<Self::Answer, Failure> {
        let mut hands = Hands::default();
        let mut writing = trails::writing(group)?;
        let settle = |item| settle(group, &mut hands, &mut writing, item);
        let settled = self.batch.iter().map(settle).collect::<Result<Vec<_>, _>>()?;
        hands.store(group)?;
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

/// The holds that a batch takes jobs from: each is read and written once.
#[derive(Debug, Default)]
struct Hands {
    read: Vec<CallId>,
    holds: Vec<Hold>,
    /// By place in `holds`.
    is_changed: Vec<bool>,
    /// Rows of jobs that end, by queue.
    ended: HashMap<(QueueName, State), Vec<i64>>,
}

impl Hands {
    /// Takes a job out of the hands of whoever can show its token.
    fn take(&mut self, group: &Group<'_>, reservation: &Reservation) -> rusqlite::Result<Option<(Held, Priority)>> {
        let Reservation { job, queue, token, .. } = reservation;
        if !self.read.contains(&token.call) {
            self.read.push(token.call);
            self.holds.extend(holds::of_call(group.connection, token.call)?);
            self.is_changed.resize(self.holds.len(), false);
        }
        for (hold, is_changed) in self.holds.iter_mut().zip(&mut self.is_changed) {
            if hold.call != token.call || hold.queue != *queue {
                continue;
            }
            if let Some(place) = hold.jobs.iter().position(|held| held.job == *job && held.attempt == token.attempt) {
                *is_changed = true;
                return Ok(Some((hold.jobs.remove(place), hold.priority)));
            }
        }
        Ok(None)
    }

    fn store(&self, group: &Group<'_>) -> rusqlite::Result<()> {
        for ((queue, state), jobs) in &self.ended {
            ends::note(group, queue, *state, jobs)?;
        }
        let changed = self.holds.iter().zip(&self.is_changed).filter(|(_, is_changed)| **is_changed);
        changed.map(|(hold, _)| hold).try_for_each(|hold| hold.store(group))
    }
}

fn settle(
    group: &mut Group<'_>,
    hands: &mut Hands,
    writing: &mut CachedStatement<'_>,
    item: &Settle,
) -> rusqlite::Result<Settled> {
    let Some((held, priority)) = hands.take(group, &item.reservation)? else {
        return last_settled(group, &item.reservation);
    };
    let (after, to) = match &item.settlement {
        Settlement::Complete => (After { end: Some(State::Completed), refund: 0 }, None),
        Settlement::Cancel => (After { end: Some(State::Cancelled), refund: 0 }, None),
        Settlement::Release { delay } => (After { end: None, refund: 0 }, Some(Return::After(*delay))),
        Settlement::Snooze { delay } => (After { end: None, refund: 1 }, Some(Return::After(*delay))),
        Settlement::Requeue => (After { end: None, refund: 1 }, Some(Return::Front)),
        Settlement::Fail { error } => {
            fail(group, item, &held, error)?;
            count(group.ledger.entry(group.connection, &item.reservation.queue)?.change(), item);
            return Ok(Settled::Done);
        }
    };
    trails::write(group, writing, item, &held, after)?;
    if let Some(end) = after.end {
        hands.ended.entry((item.reservation.queue.clone(), end)).or_default().push(held.row);
    }
    if let Some(to) = to {
        give_back(group, &item.reservation.queue, priority, &held, to)?;
    }
    count(group.ledger.entry(group.connection, &item.reservation.queue)?.change(), item);
    Ok(Settled::Done)
}

/// Its record moves whole to where the failed ones are.
fn fail(group: &mut Group<'_>, item: &Settle, held: &Held, error: &JobError) -> rusqlite::Result<()> {
    group.statement(FAIL)?.execute(params![
        held.row,
        held.attempt,
        is_system_error(error),
        held.started_at,
        group.now.as_micros(),
        rows::call_column(item.reservation.token.call),
        format!("{}: {}", error.kind(), error.message()),
        &item.trail[..],
    ])?;
    group.ledger.has_failed_jobs = Some(true);
    group.statement(REMOVE_FAILED)?.execute([held.row])?;
    trails::remove(group, held.row)
}

fn give_back(
    group: &mut Group<'_>,
    queue: &QueueName,
    priority: Priority,
    held: &Held,
    to: Return,
) -> rusqlite::Result<()> {
    let job = Waiting { row: held.row, queue, priority, has_trail: true };
    match to {
        Return::Front => {
            place::line_up(group, job, held.position)?;
            group.ledger.entry(group.connection, queue)?.arrived(priority);
            Ok(())
        }
        Return::After(delay) => {
            let place = Place::behind_all(group, queue, group.now.plus(delay))?;
            group.statement(RETURN)?.execute([held.row, place.position, place.due])?;
            place.take(group, job)
        }
    }
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

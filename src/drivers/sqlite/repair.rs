//! Putting right what does not agree. Each repair looks again, in the writer's own transaction: a job that has moved on
//! since it was found is left alone. Some read a whole table, which nothing else does while others wait; findings are rare.

use std::str;

use bytes::{Buf, BufMut, Bytes};
use journeyman_job::QueueName;
use rusqlite::{OptionalExtension, Params, params};

use super::error::Failure;
use super::group::{Change, Group};
use super::holds::{self, Held};
use super::numbers;
use crate::clock::Timestamp;
use crate::queue::{Finding, Flaw, Repaired, State};
use std::time::Duration;

/// Long enough for a living worker to renew it, which it does without being told.
const GRACE: Duration = Duration::from_secs(60);

/// What a finding is about, by rows of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Nothing,
    /// A row of `queue_jobs`.
    Job(i64),
    /// What waits under the row of no job.
    Waiting(i64),
    /// A row of `queue_holds`.
    Hold(i64),
    /// A row of `queue_jobs` in one of `queue_holds`, which comes first.
    Held(i64, i64),
    /// A row of `queue_ends`.
    End(i64),
    /// A row of `queue_jobs` in one of `queue_ends`, which comes first.
    Ended(i64, i64),
    /// A row of `queue_trails`.
    Trail(i64),
}

impl Entry {
    pub(super) fn written(self) -> Bytes {
        let (kind, one, other) = match self {
            Self::Nothing => (0, 0, 0),
            Self::Job(row) => (1, row, 0),
            Self::Waiting(row) => (2, row, 0),
            Self::Hold(row) => (3, row, 0),
            Self::Held(hold, row) => (4, hold, row),
            Self::End(row) => (5, row, 0),
            Self::Ended(end, row) => (6, end, row),
            Self::Trail(row) => (7, row, 0),
        };
        let mut bytes = vec![kind];
        bytes.put_i64(one);
        bytes.put_i64(other);
        bytes.into()
    }

    fn read(mut bytes: Bytes) -> Self {
        if bytes.len() != 17 {
            return Self::Nothing;
        }
        let (kind, one, other) = (bytes.get_u8(), bytes.get_i64(), bytes.get_i64());
        match kind {
            1 => Self::Job(one),
            2 => Self::Waiting(one),
            3 => Self::Hold(one),
            4 => Self::Held(one, other),
            5 => Self::End(one),
            6 => Self::Ended(one, other),
            7 => Self::Trail(one),
            _ => Self::Nothing,
        }
    }
}

#[derive(Debug)]
pub(super) struct Repair {
    flaw: Flaw,
    queue: String,
    place: Bytes,
}

impl Repair {
    pub(super) fn of(finding: &Finding) -> Self {
        Self { flaw: finding.flaw, queue: finding.queue.clone(), place: finding.place.clone() }
    }
}

impl Change for Repair {
    type Answer = Repaired;

    fn apply(&self, group: &mut Group<'_>) -> Result<Repaired, Failure> {
        // What follows is done behind its back.
        group.ledger.forget(group.connection)?;
        let is_done = match (self.flaw, Entry::read(self.place.clone())) {
            (Flaw::WrongCount | Flaw::QueueUnlisted, _) => numbers::keep(group.connection, &self.queue)?,
            (Flaw::NoLease, _) => grant(group, str::from_utf8(&self.place).unwrap_or_default())?,
            (_, Entry::Waiting(row)) => no_job_waits(group, row)?,
            (_, Entry::Hold(hold)) => drop_unreadable(group, hold)?,
            (flaw, Entry::Held(hold, row)) => mend_hold(group, flaw, hold, row)?,
            (_, Entry::End(end)) => cut_off(group, end)?,
            (_, Entry::Ended(end, row)) => strike_no_job(group, end, row)?,
            (_, Entry::Trail(row)) => changes(
                group,
                "DELETE FROM queue_trails WHERE id = ?1
                AND NOT EXISTS (SELECT 1 FROM queue_jobs WHERE id = ?1)",
                [row],
            )?,
            (Flaw::KeyWithoutOwner, Entry::Job(row)) => changes(
                group,
                "UPDATE queue_jobs SET key_is_free = 1
                WHERE id = ?1 AND key_is_free = 0 AND (SELECT state FROM queue_trails WHERE id = ?1) IS NOT NULL",
                [row],
            )?,
            (Flaw::KeyNotHeld, Entry::Job(row)) => changes(
                group,
                "UPDATE OR IGNORE queue_jobs SET key_is_free = 0
                WHERE id = ?1 AND key_is_free = 1 AND (SELECT state FROM queue_trails WHERE id = ?1) IS NULL",
                [row],
            )?,
            (_, Entry::Job(row)) => mend(group, row)?,
            (_, Entry::Nothing) => false,
        };
        if is_done && let Ok(queue) = QueueName::new(&self.queue) {
            group.ledger.resumed(&queue);
        }
        Ok(if is_done { Repaired::Done } else { Repaired::Not })
    }

    fn weight(&self) -> usize {
        1
    }
}

fn changes(group: &Group<'_>, sql: &str, values: impl Params) -> rusqlite::Result<bool> {
    Ok(group.statement(sql)?.execute(values)? > 0)
}

fn grant(group: &Group<'_>, worker: &str) -> rusqlite::Result<bool> {
    let until = group.now.plus(GRACE).as_micros();
    changes(
        group,
        "INSERT INTO queue_leases (worker, expires_at)
        SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM queue_holds WHERE worker = ?1) ON CONFLICT DO NOTHING",
        params![worker, until],
    )
}

fn no_job_waits(group: &Group<'_>, row: i64) -> rusqlite::Result<bool> {
    let none = "AND NOT EXISTS (SELECT 1 FROM queue_jobs WHERE id = ?1)";
    let pending = changes(group, &format!("DELETE FROM queue_pending WHERE id = ?1 {none}"), [row])?;
    let delayed = changes(group, &format!("DELETE FROM queue_delayed WHERE id = ?1 {none}"), [row])?;
    Ok(pending || delayed)
}

/// The jobs of a hold that cannot be read are in no place from then on, which is found and mended like any other.
fn drop_unreadable(group: &Group<'_>, hold: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT jobs FROM queue_holds WHERE id = ?1";
    let Some(jobs) = group.statement(sql)?.query_row([hold], |row| row.get::<_, Vec<u8>>(0)).optional()? else {
        return Ok(false);
    };
    if holds::jobs_in(&jobs).is_some() {
        return Ok(false);
    }
    changes(group, "DELETE FROM queue_holds WHERE id = ?1", [hold])
}

/// Takes a job out of a hold whose queue or priority it is not of, or which there is none of; else corrects what stands
/// there of it.
fn mend_hold(group: &Group<'_>, flaw: Flaw, hold: i64, row: i64) -> rusqlite::Result<bool> {
    let Some((queue, priority, mut jobs)) = hold_of(group, hold)? else { return Ok(false) };
    let Some(place) = jobs.iter().position(|held| held.row == row) else { return Ok(false) };
    match record(group, row)? {
        Some(record) if record.queue == queue && record.priority == priority => {
            let held = jobs[place];
            let right = Held { job: record.id, position: record.position, has_key: record.has_key, ..held };
            if flaw != Flaw::WrongCopy || right == held {
                return Ok(false);
            }
            jobs[place] = right;
        }
        _ => _ = jobs.remove(place),
    }
    store_hold(group, hold, &jobs)?;
    Ok(true)
}

type Jobs = (String, i64, Vec<Held>);

fn hold_of(group: &Group<'_>, hold: i64) -> rusqlite::Result<Option<Jobs>> {
    let sql = "SELECT queue, priority, jobs FROM queue_holds WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, holds::jobs_in(row.get_ref(2)?.as_blob()?)));
    let found: Option<(String, i64, Option<Vec<Held>>)> = group.statement(sql)?.query_row([hold], read).optional()?;
    Ok(found.and_then(|(queue, priority, jobs)| Some((queue, priority, jobs?))))
}

fn store_hold(group: &Group<'_>, hold: i64, jobs: &[Held]) -> rusqlite::Result<()> {
    if jobs.is_empty() {
        group.statement("DELETE FROM queue_holds WHERE id = ?1")?.execute([hold])?;
    } else {
        let sql = "UPDATE queue_holds SET jobs = ?2 WHERE id = ?1";
        group.statement(sql)?.execute(params![hold, holds::written(jobs)])?;
    }
    Ok(())
}

fn cut_off(group: &Group<'_>, end: i64) -> rusqlite::Result<bool> {
    changes(
        group,
        "UPDATE queue_ends SET jobs = substr(jobs, 1, length(jobs) / 8 * 8)
        WHERE id = ?1 AND length(jobs) % 8 <> 0",
        [end],
    )
}

fn strike_no_job(group: &Group<'_>, end: i64, row: i64) -> rusqlite::Result<bool> {
    if record(group, row)?.is_some() {
        return Ok(false);
    }
    strike(group, end, row)
}

fn strike(group: &Group<'_>, end: i64, row: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT jobs FROM queue_ends WHERE id = ?1";
    let Some(jobs) = group.statement(sql)?.query_row([end], |row| row.get::<_, Vec<u8>>(0)).optional()? else {
        return Ok(false);
    };
    let (all, _) = jobs.as_chunks::<8>();
    let left: Vec<u8> = all.iter().filter(|job| **job != row.to_be_bytes()).flatten().copied().collect();
    if left.is_empty() {
        return changes(group, "DELETE FROM queue_ends WHERE id = ?1", [end]);
    }
    changes(group, "UPDATE queue_ends SET jobs = ?2 WHERE id = ?1 AND jobs <> ?2", params![end, left])
}

/// A row of `queue_jobs`.
struct Record {
    row: i64,
    id: journeyman_job::JobId,
    queue: String,
    priority: i64,
    position: i64,
    available_at: i64,
    has_key: bool,
    has_trail: bool,
    end: Option<(String, i64)>,
}

fn record(group: &Group<'_>, row: i64) -> rusqlite::Result<Option<Record>> {
    let sql = "SELECT j.job_id, j.queue, j.priority, j.position, j.available_at, j.unique_key IS NOT NULL,
            t.id IS NOT NULL, t.state, coalesce(t.ended_at, 0)
        FROM queue_jobs j LEFT JOIN queue_trails t ON t.id = j.id WHERE j.id = ?1";
    let read = |found: &rusqlite::Row<'_>| {
        let state: Option<String> = found.get(7)?;
        let ended_at = found.get(8)?;
        Ok(Record {
            row,
            id: super::rows::job_id(found, 0)?,
            queue: found.get(1)?,
            priority: found.get(2)?,
            position: found.get(3)?,
            available_at: found.get(4)?,
            has_key: found.get(5)?,
            has_trail: found.get(6)?,
            end: state.map(|state| (state, ended_at)),
        })
    };
    group.statement(sql)?.query_row([row], read).optional()
}

/// Lets a job be in one place: where it has ended, or in the hands of who took it last, or waiting.
fn mend(group: &Group<'_>, row: i64) -> rusqlite::Result<bool> {
    let Some(record) = record(group, row)? else { return Ok(false) };
    let holds = holds_with(group, row)?;
    if let Some((state, ended_at)) = &record.end {
        if state != State::Completed.as_str() && state != State::Cancelled.as_str() {
            return Ok(false);
        }
        let waits = stop_waiting(group, row, None)?;
        let held = let_go(group, row, &holds, None)?;
        return Ok(list_ended(group, &record, Some((state, *ended_at)))? || waits || held);
    }
    let was_listed = list_ended(group, &record, None)?;
    if let Some(keeper) = holds.last() {
        let waits = stop_waiting(group, row, None)?;
        return Ok(let_go(group, row, &holds, Some(*keeper))? || waits || was_listed);
    }
    Ok(wait(group, &record)? || was_listed)
}

/// The holds that a job is in, the latest last.
fn holds_with(group: &Group<'_>, row: i64) -> rusqlite::Result<Vec<i64>> {
    let mut select =
        group.statement("SELECT id, jobs FROM queue_holds WHERE instr(jobs, ?1) ORDER BY reserved_at, id")?;
    let mut rows = select.query([&row.to_be_bytes()[..]])?;
    let mut found = Vec::new();
    while let Some(hold) = rows.next()? {
        let jobs = holds::jobs_in(hold.get_ref(1)?.as_blob()?).unwrap_or_default();
        if jobs.iter().any(|held| held.row == row) {
            found.push(hold.get(0)?);
        }
    }
    Ok(found)
}

/// Takes a job out of these holds, and leaves it once in the one to keep.
fn let_go(group: &Group<'_>, row: i64, holds: &[i64], keep: Option<i64>) -> rusqlite::Result<bool> {
    let mut is_changed = false;
    for hold in holds {
        let Some((_, _, jobs)) = hold_of(group, *hold)? else { continue };
        let mut is_kept = false;
        let left: Vec<Held> = jobs
            .iter()
            .filter(|held| held.row != row || (Some(*hold) == keep && !std::mem::replace(&mut is_kept, true)))
            .copied()
            .collect();
        if left.len() < jobs.len() {
            store_hold(group, *hold, &left)?;
            is_changed = true;
        }
    }
    Ok(is_changed)
}

/// Takes a job out of where it waits, unless that is the one place to keep.
fn stop_waiting(group: &Group<'_>, row: i64, keep: Option<(State, &Record)>) -> rusqlite::Result<bool> {
    let mut is_changed = false;
    for (state, table, time) in
        [(State::Pending, "queue_pending", "priority"), (State::Delayed, "queue_delayed", "available_at")]
    {
        let kept = keep.filter(|(kept, _)| *kept == state).map(|(_, record)| record);
        let key = kept.map(|record| if state == State::Pending { record.priority } else { record.available_at });
        let sql =
            format!("DELETE FROM {table} WHERE id = ?1 AND NOT (queue IS ?2 AND {time} IS ?3 AND position IS ?4)");
        let values = params![row, kept.map(|record| &record.queue), key, kept.map(|record| record.position)];
        is_changed |= changes(group, &sql, values)?;
    }
    Ok(is_changed)
}

/// Lets a job wait in one place, the one that its record names.
fn wait(group: &Group<'_>, record: &Record) -> rusqlite::Result<bool> {
    let Record { row, queue, priority, position, available_at, has_trail, .. } = record;
    let values = params![queue, priority, position, row];
    let is_pending = group
        .statement("SELECT 1 FROM queue_pending WHERE queue = ?1 AND priority = ?2 AND position = ?3 AND id = ?4")?
        .exists(values)?;
    let values = params![queue, available_at, position, row];
    let is_delayed = group
        .statement("SELECT 1 FROM queue_delayed WHERE queue = ?1 AND available_at = ?2 AND position = ?3 AND id = ?4")?
        .exists(values)?;
    let is_due = Timestamp::from_micros(*available_at) <= group.now;
    let state = if is_pending || (is_due && !is_delayed) { State::Pending } else { State::Delayed };
    let mut is_changed = stop_waiting(group, *row, Some((state, record)))?;
    for (table, priority_column) in [("queue_pending", ""), ("queue_delayed", "OR priority <> ?3")] {
        let sql = format!(
            "UPDATE {table} SET has_trail = ?2, priority = ?3 WHERE id = ?1 AND (has_trail <> ?2 {priority_column})"
        );
        is_changed |= changes(group, &sql, params![row, has_trail, priority])?;
    }
    if is_pending || is_delayed {
        return Ok(is_changed);
    }
    let position = free_position(group, record, state)?;
    if state == State::Pending {
        let values = params![queue, priority, position, row, has_trail];
        group.statement(super::place::TO_PENDING)?.execute(values)?;
    } else {
        let values = params![queue, available_at, position, row, priority, has_trail];
        group.statement(super::place::TO_DELAYED)?.execute(values)?;
    }
    group.statement("UPDATE queue_jobs SET position = ?2 WHERE id = ?1")?.execute([*row, position])?;
    Ok(true)
}

/// That of its record, if no other job is there.
fn free_position(group: &Group<'_>, record: &Record, state: State) -> rusqlite::Result<i64> {
    let Record { queue, priority, position, available_at, .. } = record;
    let (sql, time) = match state {
        State::Pending => {
            ("SELECT 1 FROM queue_pending WHERE queue = ?1 AND priority = ?2 AND position = ?3", priority)
        }
        _ => ("SELECT 1 FROM queue_delayed WHERE queue = ?1 AND available_at = ?2 AND position = ?3", available_at),
    };
    if !group.statement(sql)?.exists(params![queue, time, position])? {
        return Ok(*position);
    }
    let back: Option<i64> = group
        .statement("UPDATE queue_stats SET back = back + 1 WHERE queue = ?1 RETURNING back - 1")?
        .query_row([queue], |row| row.get(0))
        .optional()?;
    let last: Option<i64> = group
        .statement("SELECT max(position) FROM queue_jobs WHERE queue = ?1")?
        .query_row([queue], |row| row.get(0))?;
    Ok(back.unwrap_or(0).max(last.map_or(0, |last| last + 1)))
}

/// Lists a job as ended so, once; or not at all.
fn list_ended(group: &Group<'_>, record: &Record, end: Option<(&String, i64)>) -> rusqlite::Result<bool> {
    let mut is_listed = false;
    let mut is_changed = false;
    for (id, right, times) in listings(group, record, end)? {
        if right && times == 1 && !std::mem::replace(&mut is_listed, true) {
            continue;
        }
        is_changed |= strike(group, id, record.row)?;
    }
    if let Some((state, ended_at)) = end.filter(|_| !is_listed) {
        let sql = "INSERT INTO queue_ends (queue, state, ended_at, jobs) VALUES (?1, ?2, ?3, ?4)";
        group.statement(sql)?.execute(params![record.queue, state, ended_at, record.row.to_be_bytes().to_vec()])?;
        is_changed = true;
    }
    Ok(is_changed)
}

/// The rows of ended jobs that name a job: whether as they should, and how often.
fn listings(
    group: &Group<'_>,
    record: &Record,
    end: Option<(&String, i64)>,
) -> rusqlite::Result<Vec<(i64, bool, usize)>> {
    let key = record.row.to_be_bytes();
    let mut select =
        group.statement("SELECT id, queue, state, ended_at, jobs FROM queue_ends WHERE instr(jobs, ?1) ORDER BY id")?;
    let mut rows = select.query([&key[..]])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (queue, state, ended_at): (String, String, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (jobs, _) = row.get_ref(4)?.as_blob()?.as_chunks::<8>();
        let times = jobs.iter().filter(|job| **job == key).count();
        if times > 0 {
            let is_right = queue == record.queue && end.is_some_and(|end| *end.0 == state && end.1 == ended_at);
            found.push((row.get(0)?, is_right, times));
        }
    }
    Ok(found)
}

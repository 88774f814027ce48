//! The numbers of a queue as they are kept, and as they are.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::{ends, holds};

const KEPT: &str = "SELECT queue, back, pending_low, pending_normal, pending_high, pending_critical, delayed, reserved,
        completed, failed, cancelled, system_errors
    FROM queue_stats";

const PENDING: &str =
    "SELECT queue, priority, count(*), max(position) FROM queue_pending WHERE ?1 IS NULL OR queue = ?1
    GROUP BY queue, priority";

const DELAYED: &str =
    "SELECT queue, count(*), max(position) FROM queue_delayed WHERE ?1 IS NULL OR queue = ?1 GROUP BY queue";

const FAILED: &str = "SELECT queue, count(*), sum(system_error) FROM queue_failed_jobs WHERE ?1 IS NULL OR queue = ?1
    GROUP BY queue";

fn ended() -> String {
    format!("SELECT state, sum(length(jobs) / {}) FROM queue_ends WHERE queue = ?1 GROUP BY state", ends::BYTES)
}

fn reserved() -> String {
    format!("SELECT sum(length(jobs) / {}) FROM queue_holds WHERE queue = ?1", holds::BYTES)
}

/// That of every job of the queue: whoever is held or comes back has its place from there.
const LAST_POSITION: &str = "SELECT max(position) FROM queue_jobs WHERE queue = ?1";

const SET: &str = "INSERT INTO queue_stats (queue, back, pending_low, pending_normal, pending_high, pending_critical,
        delayed, reserved, completed, failed, cancelled, system_errors)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT (queue) DO UPDATE SET back = max(back, excluded.back), pending_low = excluded.pending_low,
        pending_normal = excluded.pending_normal, pending_high = excluded.pending_high,
        pending_critical = excluded.pending_critical, delayed = excluded.delayed, reserved = excluded.reserved,
        completed = excluded.completed, failed = excluded.failed, cancelled = excluded.cancelled,
        system_errors = excluded.system_errors";

/// Those that can be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers {
    /// By priority, lowest first.
    pub(super) pending: [i64; 4],
    pub(super) delayed: i64,
    pub(super) reserved: i64,
    pub(super) completed: i64,
    pub(super) failed: i64,
    pub(super) cancelled: i64,
    pub(super) system_errors: i64,
    /// The last position that was given: of those kept, one before the next.
    pub(super) last_position: i64,
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            pending: [0; 4],
            delayed: 0,
            reserved: 0,
            completed: 0,
            failed: 0,
            cancelled: 0,
            system_errors: 0,
            last_position: -1,
        }
    }
}

impl Numbers {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Of jobs that ended so.
    pub(super) fn ended(&mut self, state: &str) -> &mut i64 {
        if state == crate::queue::State::Cancelled.as_str() { &mut self.cancelled } else { &mut self.completed }
    }

    fn named(&self) -> [(&'static str, i64); 10] {
        let [low, normal, high, critical] = self.pending;
        [
            ("pending_low", low),
            ("pending_normal", normal),
            ("pending_high", high),
            ("pending_critical", critical),
            ("delayed", self.delayed),
            ("reserved", self.reserved),
            ("completed", self.completed),
            ("failed", self.failed),
            ("cancelled", self.cancelled),
            ("system_errors", self.system_errors),
        ]
    }

    /// In what these, which are kept, are not the real ones.
    pub(super) fn differences(&self, real: &Self) -> Vec<String> {
        let pairs = self.named().into_iter().zip(real.named());
        let mut differences: Vec<String> = pairs
            .filter(|((_, kept), (_, real))| kept != real)
            .map(|((name, kept), (_, real))| format!("{name} is kept as {kept} and is {real}"))
            .collect();
        if self.last_position < real.last_position {
            let (next, taken) = (self.last_position + 1, real.last_position);
            differences.push(format!("the next place is {next}, and {taken} is taken already"));
        }
        differences
    }
}

/// As they are kept, by queue.
pub(super) fn kept(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Numbers>> {
    let read = |row: &Row<'_>| {
        let numbers = Numbers {
            last_position: row.get::<_, i64>(1)? - 1,
            pending: [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?],
            delayed: row.get(6)?,
            reserved: row.get(7)?,
            completed: row.get(8)?,
            failed: row.get(9)?,
            cancelled: row.get(10)?,
            system_errors: row.get(11)?,
        };
        Ok((row.get(0)?, numbers))
    };
    connection.prepare(KEPT)?.query_map([], read)?.collect()
}

/// Adds those that wait, of all queues or only of one.
pub(super) fn add_waiting(
    connection: &Connection,
    only: Option<&str>,
    found: &mut BTreeMap<String, Numbers>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare(PENDING)?;
    let mut rows = select.query([only])?;
    while let Some(row) = rows.next()? {
        let numbers = found.entry(row.get(0)?).or_default();
        if let Some(pending) = numbers.pending.get_mut((row.get::<_, i64>(1)? - 1).cast_unsigned() as usize) {
            *pending = row.get(2)?;
        }
        numbers.last_position = numbers.last_position.max(row.get(3)?);
    }
    let mut select = connection.prepare(DELAYED)?;
    let mut rows = select.query([only])?;
    while let Some(row) = rows.next()? {
        let numbers = found.entry(row.get(0)?).or_default();
        numbers.delayed = row.get(1)?;
        numbers.last_position = numbers.last_position.max(row.get(2)?);
    }
    Ok(())
}

/// Adds those that have failed, of all queues or only of one.
pub(super) fn add_failed(
    connection: &Connection,
    only: Option<&str>,
    found: &mut BTreeMap<String, Numbers>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare(FAILED)?;
    let mut rows = select.query([only])?;
    while let Some(row) = rows.next()? {
        let numbers = found.entry(row.get(0)?).or_default();
        (numbers.failed, numbers.system_errors) = (row.get(1)?, row.get(2)?);
    }
    Ok(())
}

/// Counts the jobs of one queue and keeps that. Takes as long as it takes to count them.
pub(super) fn keep(connection: &Connection, queue: &str) -> rusqlite::Result<bool> {
    let mut found = BTreeMap::from([(queue.to_owned(), Numbers::default())]);
    add_waiting(connection, Some(queue), &mut found)?;
    add_failed(connection, Some(queue), &mut found)?;
    let mut real = found.remove(queue).unwrap_or_default();
    let mut select = connection.prepare(&ended())?;
    let mut rows = select.query([queue])?;
    while let Some(row) = rows.next()? {
        let state: String = row.get(0)?;
        *real.ended(&state) += row.get::<_, i64>(1)?;
    }
    let number = |row: &Row<'_>| row.get::<_, Option<i64>>(0);
    // A sum or a maximum of nothing is a row all the same.
    let reserved = connection.query_row(&reserved(), [queue], number)?;
    let last = connection.query_row(LAST_POSITION, [queue], number)?;
    real.reserved = reserved.unwrap_or_default();
    real.last_position = real.last_position.max(last.unwrap_or(-1));
    let is_right = kept(connection)?.get(queue).is_some_and(|kept| kept.differences(&real).is_empty());
    if is_right {
        return Ok(false);
    }
    let [low, normal, high, critical] = real.pending;
    connection.execute(
        SET,
        params![
            queue,
            real.last_position + 1,
            low,
            normal,
            high,
            critical,
            real.delayed,
            real.reserved,
            real.completed,
            real.failed,
            real.cancelled,
            real.system_errors,
        ],
    )?;
    Ok(true)
}

//! Reading jobs from rows.

use std::cmp::Reverse;

use bytes::Bytes;
use journeyman_job::{JobId, Priority, QueueName};
use rusqlite::types::Type;
use rusqlite::{Row, RowIndex};

use crate::clock::Timestamp;
use crate::queue::{CallId, JobRecord, ReservedJob, State, Trail};

/// What [`record`] reads, in its order, of `queue_jobs j` and `queue_trails t`; `state` is SQL.
pub(super) fn record_columns(state: &str) -> String {
    format!(
        "j.job_id, j.queue, j.priority, {state}, coalesce(t.attempts, 0), j.payload, j.created_at, j.available_at,
        t.started_at, NULL, t.trail"
    )
}

/// The same of a failed job.
pub(super) const FAILED_RECORD: &str =
    "job_id, queue, priority, 'failed', attempts, payload, created_at, available_at, started_at, NULL, trail";

/// Where `queue_jobs j`, whose trail is `t`, is now.
pub(super) const STATE: &str = "coalesce(t.state, CASE
    WHEN EXISTS (SELECT 1 FROM queue_pending WHERE queue = j.queue AND priority = j.priority AND position = j.position
        AND id = j.id)
    THEN 'pending'
    WHEN EXISTS (SELECT 1 FROM queue_delayed
        WHERE queue = j.queue AND available_at = j.available_at AND position = j.position AND id = j.id)
    THEN 'delayed'
    ELSE 'reserved' END)";

/// A job in a worker's hands, and what to sort it by.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) job: ReservedJob,
    pub(super) position: i64,
}

impl Taken {
    /// The order in which a worker took its jobs.
    pub(super) fn order(&self) -> impl Ord + use<> {
        (self.job.reserved_at, Reverse(self.job.reservation.priority), self.position)
    }
}

/// Reads the columns of [`record_columns`].
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    Ok(JobRecord {
        id: job_id(row, 0)?,
        queue: queue_name(row, 1)?,
        priority: priority(row, 2)?,
        state: state(row, 3)?,
        attempts: row.get(4)?,
        body: bytes(row, 5)?,
        created_at: Timestamp::from_micros(row.get(6)?),
        available_at: Timestamp::from_micros(row.get(7)?),
        started_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_micros),
        worker: row.get(9)?,
        trail: Trail::decode(&bytes(row, 10)?),
    })
}

pub(super) fn job_id(row: &Row<'_>, column: usize) -> rusqlite::Result<JobId> {
    JobId::from_slice(row.get_ref(column)?.as_blob()?).ok_or_else(|| unreadable(column, Type::Blob, "no job id"))
}

pub(super) fn queue_name(row: &Row<'_>, column: usize) -> rusqlite::Result<QueueName> {
    QueueName::new(row.get_ref(column)?.as_str()?).map_err(|error| unreadable(column, Type::Text, error))
}

pub(super) fn priority(row: &Row<'_>, column: usize) -> rusqlite::Result<Priority> {
    Priority::from_number(row.get::<_, u8>(column)?.into()).map_err(|error| unreadable(column, Type::Integer, error))
}

pub(super) fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<State> {
    let word = row.get_ref(column)?.as_str()?;
    let known = State::ALL.into_iter().find(|state| state.as_str() == word);
    known.ok_or_else(|| unreadable(column, Type::Text, format!("no state: {word}")))
}

/// NULL is no bytes.
pub(super) fn bytes(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Bytes> {
    let stored = row.get_ref(column)?.as_blob_or_null()?;
    Ok(stored.map_or_else(Bytes::new, Bytes::copy_from_slice))
}

/// SQLite's integers are signed; the bits are what counts.
pub(super) fn call_column(call: CallId) -> i64 {
    call.0.cast_signed()
}

pub(super) fn call_id(column: i64) -> CallId {
    CallId(column.cast_unsigned())
}

/// A count as SQLite takes it.
pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn unreadable(
    column: usize,
    stored: Type,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, stored, why.into())
}

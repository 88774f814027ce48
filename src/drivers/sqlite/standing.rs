//! How a job stands that an operator names by its id.

use std::sync::LazyLock;

use journeyman_job::{JobId, Priority, QueueName};
use rusqlite::{OptionalExtension, Row, params};

use super::group::Group;
use super::rows::{self, STATE};
use crate::queue::State;

pub(super) static STANDING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT j.id, j.queue, j.priority, {STATE}, j.unique_key, 0, j.position, j.available_at, coalesce(t.ended_at, 0)
        FROM queue_jobs j LEFT JOIN queue_trails t ON t.id = j.id WHERE j.job_id = ?1
        UNION ALL
        SELECT id, queue, priority, 'failed', unique_key, system_error, 0, 0, failed_at
        FROM queue_failed_jobs WHERE job_id = ?1"
    )
});

pub(super) const KEY_HOLDER: &str =
    "SELECT job_id FROM queue_jobs WHERE queue = ?1 AND unique_key = ?2 AND unique_key IS NOT NULL AND key_is_free = 0";

#[derive(Debug)]
pub(super) struct Standing {
    /// In the table of its state: a failed job has one of its own.
    pub(super) row: i64,
    pub(super) queue: QueueName,
    pub(super) priority: Priority,
    pub(super) state: State,
    pub(super) unique_key: Option<String>,
    pub(super) is_system_error: bool,
    /// Where it waits, if it does.
    pub(super) position: i64,
    pub(super) available_at: i64,
    /// When it ended, if it has.
    pub(super) ended_at: i64,
}

pub(super) fn find(group: &Group<'_>, job: JobId) -> rusqlite::Result<Option<Standing>> {
    let read = |row: &Row<'_>| {
        Ok(Standing {
            row: row.get(0)?,
            queue: rows::queue_name(row, 1)?,
            priority: rows::priority(row, 2)?,
            state: rows::state(row, 3)?,
            unique_key: row.get(4)?,
            is_system_error: row.get(5)?,
            position: row.get(6)?,
            available_at: row.get(7)?,
            ended_at: row.get(8)?,
        })
    };
    group.statement(&STANDING)?.query_row([job.as_bytes()], read).optional()
}

/// The job of the queue that has this key and has not ended.
pub(super) fn key_holder(group: &Group<'_>, queue: &QueueName, key: &str) -> rusqlite::Result<Option<JobId>> {
    let read = |row: &Row<'_>| rows::job_id(row, 0);
    group.statement(KEY_HOLDER)?.query_row(params![queue.as_str(), key], read).optional()
}

//! How a job stands that an operator names by its id.

use journeyman_job::{JobId, Priority, QueueName};
use rusqlite::{OptionalExtension, Row, params};

use super::group::Group;
use super::rows;
use crate::queue::State;

pub(super) const STANDING: &str = "SELECT id, queue, priority, state, unique_key, 0 FROM queue_jobs WHERE job_id = ?1
    UNION ALL
    SELECT id, queue, priority, 'failed', unique_key, system_error FROM queue_failed_jobs WHERE job_id = ?1";

pub(super) const KEY_HOLDER: &str =
    "SELECT job_id FROM queue_jobs WHERE queue = ?1 AND unique_key = ?2 AND ended_at IS NULL";

#[derive(Debug)]
pub(super) struct Standing {
    /// In the table of its state: a failed job has one of its own.
    pub(super) row: i64,
    pub(super) queue: QueueName,
    pub(super) priority: Priority,
    pub(super) state: State,
    pub(super) unique_key: Option<String>,
    pub(super) is_system_error: bool,
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
        })
    };
    group.statement(STANDING)?.query_row([job.as_bytes()], read).optional()
}

/// The job of the queue that has this key and has not ended.
pub(super) fn key_holder(group: &Group<'_>, queue: &QueueName, key: &str) -> rusqlite::Result<Option<JobId>> {
    let read = |row: &Row<'_>| rows::job_id(row, 0);
    group.statement(KEY_HOLDER)?.query_row(params![queue.as_str(), key], read).optional()
}

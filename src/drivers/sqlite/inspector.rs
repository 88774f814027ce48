//! The reading side.

use std::sync::LazyLock;

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};
use rusqlite::{Connection, OptionalExtension, Row};

use super::SqliteStore;
use super::holds;
use super::rows::{self, FAILED_RECORD, STATE};
use crate::clock::Timestamp;
use crate::queue::{Counters, Found, Inspector, QueueStats, State, StoreError};

pub(super) static FIND: LazyLock<String> = LazyLock::new(|| {
    let record = rows::record_columns(STATE);
    format!(
        "SELECT {record} FROM queue_jobs j LEFT JOIN queue_trails t ON t.id = j.id WHERE j.job_id = ?1
        UNION ALL SELECT {FAILED_RECORD} FROM queue_failed_jobs WHERE job_id = ?1"
    )
});

const PRUNED_SINCE: &str = "SELECT queue FROM queue_stats WHERE pruned_until >= ?1";

const QUEUES: &str = "SELECT queue FROM queue_stats ORDER BY queue";

const STATS: &str = "SELECT pending_low, pending_normal, pending_high, pending_critical, delayed, reserved,
        completed, failed, cancelled, system_errors,
        total_enqueued, total_processed, total_failed, total_retried, total_timeouts, total_thread_pool_exhaustion
    FROM queue_stats WHERE queue = ?1";

#[async_trait]
impl Inspector for SqliteStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        self.readers.read(move |connection| find(connection, id)).await
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        self.readers.read(|connection| queues(connection, QUEUES, [])).await
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        let queues = queues.to_vec();
        self.readers
            .read(move |connection| {
                // One transaction: numbers of one moment.
                let snapshot = connection.unchecked_transaction()?;
                queues.iter().map(|queue| stats(&snapshot, queue)).collect()
            })
            .await
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.readers
            .read(|connection| {
                connection.query_row("SELECT 1 FROM queue_stats LIMIT 1", [], |_| Ok(())).optional().map(|_| ())
            })
            .await
    }
}

fn find(connection: &Connection, id: JobId) -> rusqlite::Result<Found> {
    // One transaction: a job and the hold that it is in, of one moment.
    let connection = &connection.unchecked_transaction()?;
    let found = connection.prepare_cached(&FIND)?.query_row([id.as_bytes()], rows::record).optional()?;
    if let Some(mut record) = found {
        if record.state == State::Reserved
            && let Some((hold, held)) = holds::of_job(connection, id)?
        {
            held.show_in(&mut record, hold.worker);
        }
        return Ok(Found::Here(Box::new(record)));
    }
    let Some(made_at) = id.made_at_millis() else { return Ok(Found::Nothing) };
    let made_at = i64::try_from(made_at).unwrap_or(i64::MAX);
    let was_pruned = queues(connection, PRUNED_SINCE, [made_at])?.iter().any(|queue| id.may_be_of(queue));
    Ok(if was_pruned { Found::Expired } else { Found::Nothing })
}

fn queues(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<QueueName>> {
    connection.prepare_cached(sql)?.query_map(values, |row| rows::queue_name(row, 0))?.collect()
}

fn stats(connection: &Connection, queue: &QueueName) -> rusqlite::Result<QueueStats> {
    let read = |row: &Row<'_>| {
        let number = |column| row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0));
        Ok(QueueStats {
            queue: queue.clone(),
            pending: [number(0)?, number(1)?, number(2)?, number(3)?],
            delayed: number(4)?,
            reserved: number(5)?,
            completed: number(6)?,
            failed: number(7)?,
            cancelled: number(8)?,
            system_errors: number(9)?,
            counters: Counters {
                enqueued: number(10)?,
                processed: number(11)?,
                failed: number(12)?,
                retried: number(13)?,
                timeouts: number(14)?,
                thread_pool_exhaustion: number(15)?,
            },
        })
    };
    let found = connection.prepare_cached(STATS)?.query_row([queue.as_str()], read).optional()?;
    Ok(found.unwrap_or_else(|| QueueStats::empty(queue.clone())))
}

//! The reading side.

use std::collections::HashMap;

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};

use super::fault::Fault;
use super::link::Row;
use super::rows::{number, queue_name, record};
use super::transaction::{Change, Transaction};
use super::value::{Rows, Value};
use super::{Core, DatabaseStore};
use crate::clock::Timestamp;
use crate::queue::{Counters, Found, Inspector, QueueStats, StoreError};

#[async_trait]
impl Inspector for DatabaseStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        let core = &self.core;
        let rows = core.read(&core.sql.find, &[Value::Id(id)]).await?;
        if let Some(row) = rows.first() {
            return Ok(Found::Here(Box::new(record(row.as_ref())?)));
        }
        let Some(made_at) = id.made_at_millis() else { return Ok(Found::Nothing) };
        let made_at = Value::Int(i64::try_from(made_at).unwrap_or(i64::MAX));
        let rows = core.read(&core.sql.pruned_since, &[made_at]).await?;
        let was_pruned = names(&rows)?.iter().any(|queue| id.may_be_of(queue));
        Ok(if was_pruned { Found::Expired } else { Found::Nothing })
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        let rows = self.core.read(&self.core.sql.queues, &[]).await?;
        Ok(names(&rows)?)
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        self.core.stats(queues).await
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        self.core.change(&Nothing).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.core.read(&self.core.sql.ping, &[]).await.map(|_| ())
    }
}

/// What every transaction begins with is all that is wanted of it.
struct Nothing;

#[async_trait]
impl Change for Nothing {
    type Answer = Timestamp;

    async fn apply(&self, tx: &mut Transaction<'_>) -> Result<Timestamp, Fault> {
        Ok(tx.now)
    }
}

impl Core {
    /// One statement: numbers of one moment.
    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        if queues.is_empty() {
            return Ok(Vec::new());
        }
        let asked = Rows::default().texts(queues.iter().map(QueueName::as_str));
        let rows = self.read(&self.sql.stats, &[Value::Rows(&asked)]).await?;
        let found = rows.iter().map(|row| stats(row.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let mut found: HashMap<QueueName, QueueStats> =
            found.into_iter().map(|stats| (stats.queue.clone(), stats)).collect();
        let of = |queue: &QueueName| found.remove(queue).unwrap_or_else(|| QueueStats::empty(queue.clone()));
        Ok(queues.iter().map(of).collect())
    }
}

fn names(rows: &[Box<dyn Row>]) -> Result<Vec<QueueName>, Fault> {
    rows.iter().map(|row| queue_name(row.as_ref(), 0)).collect()
}

fn stats(row: &dyn Row) -> Result<QueueStats, Fault> {
    Ok(QueueStats {
        queue: queue_name(row, 0)?,
        pending: [number(row, 1)?, number(row, 2)?, number(row, 3)?, number(row, 4)?],
        delayed: number(row, 5)?,
        reserved: number(row, 6)?,
        completed: number(row, 7)?,
        failed: number(row, 8)?,
        cancelled: number(row, 9)?,
        system_errors: number(row, 10)?,
        counters: Counters {
            enqueued: number(row, 11)?,
            processed: number(row, 12)?,
            failed: number(row, 13)?,
            retried: number(row, 14)?,
            timeouts: number(row, 15)?,
            thread_pool_exhaustion: number(row, 16)?,
        },
    })
}

//! The reading side.

use async_trait::async_trait;
use journeyman_job::{JobId, QueueName};

use super::MemoryStore;
use super::tables::{Entry, Tables};
use crate::clock::Timestamp;
use crate::queue::{Found, Inspector, JobRecord, QueueStats, StoreError, Trail};

#[async_trait]
impl Inspector for MemoryStore {
    async fn find(&self, id: JobId) -> Result<Found, StoreError> {
        let tables = self.tables();
        Ok(match tables.jobs.get(&id) {
            Some(entry) => Found::Here(Box::new(record(entry))),
            None if tables.was_pruned(id) => Found::Expired,
            None => Found::Nothing,
        })
    }

    async fn queues(&self) -> Result<Vec<QueueName>, StoreError> {
        Ok(self.tables().lines.keys().cloned().collect())
    }

    async fn stats(&self, queues: &[QueueName]) -> Result<Vec<QueueStats>, StoreError> {
        let tables = self.tables();
        Ok(queues.iter().map(|queue| stats(&tables, queue)).collect())
    }

    async fn time(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

pub(super) fn record(entry: &Entry) -> JobRecord {
    JobRecord {
        id: entry.envelope.id,
        queue: entry.envelope.queue.clone(),
        priority: entry.envelope.priority,
        state: entry.state,
        attempts: entry.attempts,
        body: entry.envelope.body.clone(),
        created_at: entry.created_at,
        available_at: entry.available_at,
        started_at: entry.started_at,
        worker: entry.holder.as_ref().map(|holder| holder.worker.to_string()),
        trail: Trail::decode(&entry.trail),
    }
}

fn stats(tables: &Tables, queue: &QueueName) -> QueueStats {
    let Some(line) = tables.lines.get(queue) else { return QueueStats::empty(queue.clone()) };
    // Counted in what workers hold, which their number bounds, not in the backlog.
    let held = tables.leases.values().flat_map(|lease| &lease.held);
    let reserved = held.filter(|id| tables.jobs.get(id).is_some_and(|entry| entry.envelope.queue == *queue));
    let [completed, failed, cancelled] = line.ended_counts();
    QueueStats {
        queue: queue.clone(),
        pending: line.pending_counts(),
        delayed: line.delayed.len() as u64,
        reserved: reserved.count() as u64,
        completed,
        failed,
        cancelled,
        system_errors: line.system_errors,
        counters: line.counters,
    }
}

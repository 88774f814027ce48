//! How full a queue may get over HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use journeyman_job::QueueName;
use tokio::sync::Mutex;

use super::super::code::Code;
use super::super::error::Problem;
use super::Edge;
use crate::clock::Stopwatch;
use crate::queue::{QueueStats, Store};

/// How old a reading may be that is counted on.
const FRESH: Duration = Duration::from_millis(100);
/// Queues whose readings are kept.
const KEPT: usize = 1000;
/// When to ask again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Refuses jobs for queues that are full.
///
/// What a queue holds is read from the store's counters at most every 100 ms, whatever the load, and what this process
/// has let in since counts on top. So one process alone never passes the limit, and each further one may by as much as
/// it takes within 100 ms. Jobs that end are seen at the next reading.
#[derive(Debug)]
pub(super) struct DepthGate {
    limit: u64,
    readings: StdMutex<HashMap<QueueName, Arc<Mutex<Option<Reading>>>>>,
}

#[derive(Debug)]
struct Reading {
    taken: Stopwatch,
    /// Jobs then, and those let in since.
    depth: u64,
}

impl Edge {
    /// Lets `jobs` into a queue, all of them or none. Without a limit it asks nobody.
    pub(in crate::http) async fn let_in(&self, store: &dyn Store, queue: &QueueName, jobs: u64) -> Result<(), Problem> {
        match &self.0.depth {
            Some(gate) => gate.let_in(store, queue, jobs).await,
            None => Ok(()),
        }
    }
}

impl DepthGate {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, readings: StdMutex::default() }
    }

    async fn let_in(&self, store: &dyn Store, queue: &QueueName, jobs: u64) -> Result<(), Problem> {
        let reading = self.of(queue);
        // Those who ask of the same queue wait here for the one that reads it.
        let mut reading = reading.lock().await;
        let current = match &mut *reading {
            Some(current) if current.taken.elapsed() < FRESH => current,
            _ => {
                let taken = Stopwatch::start();
                let stats = store.stats(std::slice::from_ref(queue)).await?;
                let depth = stats.first().map_or(0, QueueStats::size);
                reading.insert(Reading { taken, depth })
            }
        };
        if current.depth.saturating_add(jobs) > self.limit {
            let detail = format!("queue {queue} holds {} jobs, at most {} are taken", current.depth, self.limit);
            return Err(Problem::new(Code::QueueFull, detail).retry_after(RETRY_AFTER));
        }
        current.depth += jobs;
        Ok(())
    }

    fn of(&self, queue: &QueueName) -> Arc<Mutex<Option<Reading>>> {
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        if readings.len() >= KEPT && !readings.contains_key(queue) {
            readings.clear();
        }
        Arc::clone(readings.entry(queue.clone()).or_default())
    }
}

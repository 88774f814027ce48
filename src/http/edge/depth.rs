//! How full a queue may get over HTTP.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use journeyman_job::QueueName;
use tokio::sync::Mutex;

use super::super::code::Code;
use super::super::error::{Fault, Problem};
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
/// has let in since, or has not stored yet, counts on top. So one process alone never passes the limit, and each further
/// one may by as much as it takes within 100 ms. Jobs that end are seen at the next reading.
#[derive(Debug)]
pub(super) struct DepthGate {
    limit: u64,
    queues: StdMutex<HashMap<QueueName, Arc<Queue>>>,
}

#[derive(Debug, Default)]
struct Queue {
    reading: Mutex<Option<Reading>>,
    /// Jobs let in whose push has not ended: the store's counters may know of them or not.
    under_way: AtomicU64,
}

#[derive(Debug)]
struct Reading {
    taken: Stopwatch,
    /// Jobs then, and those let in since.
    depth: u64,
}

/// Room for jobs in a queue. To be kept until their push has ended.
#[must_use]
#[derive(Debug)]
pub(in crate::http) struct Room(Option<(Arc<Queue>, u64)>);

impl Room {
    /// For a job that takes none.
    pub(in crate::http) fn unneeded() -> Self {
        Self(None)
    }

    pub(in crate::http) fn is_needed(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some((queue, jobs)) = &self.0 {
            queue.under_way.fetch_sub(*jobs, Ordering::Relaxed);
        }
    }
}

impl Edge {
    /// Makes room for `jobs` in a queue, all of them or none. Without a limit it asks nobody.
    pub(in crate::http) async fn let_in(
        &self,
        store: &dyn Store,
        queue: &QueueName,
        jobs: u64,
    ) -> Result<Room, Problem> {
        match &self.0.depth {
            Some(gate) => gate.let_in(store, queue, jobs).await,
            None => Ok(Room::unneeded()),
        }
    }
}

impl DepthGate {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, queues: StdMutex::default() }
    }

    async fn let_in(&self, store: &dyn Store, name: &QueueName, jobs: u64) -> Result<Room, Problem> {
        if jobs > self.limit {
            let detail = format!("holds {jobs} for queue {name}, which takes {} at most: split the batch", self.limit);
            return Err(Problem::invalid(vec![Fault::new("/tasks", detail)]));
        }
        let queue = self.of(name);
        // Those who ask of the same queue wait here for the one that reads it.
        let mut reading = queue.reading.lock().await;
        let current = match &mut *reading {
            Some(current) if current.taken.elapsed() < FRESH => current,
            _ => {
                let taken = Stopwatch::start();
                // Before the store is asked: what ends in between counts twice, rather than not at all.
                let under_way = queue.under_way.load(Ordering::Relaxed);
                let stats = store.stats(std::slice::from_ref(name)).await?;
                let stored = stats.first().map_or(0, QueueStats::size);
                reading.insert(Reading { taken, depth: stored.saturating_add(under_way) })
            }
        };
        if current.depth.saturating_add(jobs) > self.limit {
            let detail = format!("queue {name} holds {} jobs, at most {} are taken", current.depth, self.limit);
            return Err(Problem::new(Code::QueueFull, detail).retry_after(RETRY_AFTER));
        }
        current.depth += jobs;
        queue.under_way.fetch_add(jobs, Ordering::Relaxed);
        drop(reading);
        Ok(Room(Some((queue, jobs))))
    }

    fn of(&self, name: &QueueName) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.len() >= KEPT && !queues.contains_key(name) {
            // Those with jobs under way must go on counting them.
            queues.retain(|_, queue| queue.under_way.load(Ordering::Relaxed) > 0);
        }
        Arc::clone(queues.entry(name.clone()).or_default())
    }
}

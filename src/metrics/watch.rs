//! Looks at the store's numbers from time to time and logs those that have moved.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::moves::Moves;
use crate::queue::{Counters, Store, StoreError};

/// What is looked at, and how.
pub struct Watch {
    pub store: Arc<dyn Store>,
    /// Busy part of this process's thread pool, per cent.
    pub pool: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// How far a value must move to be told, as a share of it.
    pub threshold: f64,
    pub interval: Duration,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("threshold", &self.threshold).field("interval", &self.interval).finish()
    }
}

/// Goes on until `shutdown`.
pub async fn watch(watch: Watch, shutdown: CancellationToken) {
    let mut moves = Moves::new(watch.threshold);
    loop {
        match values(&watch).await {
            Ok(values) => {
                for (metric, value) in values {
                    if let Some(before) = moves.moved(metric, value) {
                        info!(metric, value, before, "metric moved");
                    }
                }
            }
            // Whoever needs the store says so louder.
            Err(error) => debug!(%error, "metrics not read"),
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(watch.interval)).await.is_none() {
            return;
        }
    }
}

async fn values(watch: &Watch) -> Result<[(&'static str, f64); 8], StoreError> {
    let mut sums = Counters::default();
    let queues = watch.store.queues().await?;
    watch.store.stats(&queues).await?.iter().for_each(|queue| sums += queue.counters);
    Ok([
        ("enqueued", sums.enqueued as f64),
        ("processed", sums.processed as f64),
        ("failed", sums.failed as f64),
        ("retried", sums.retried as f64),
        ("timeouts", sums.timeouts as f64),
        ("thread_pool_exhaustion", sums.thread_pool_exhaustion as f64),
        ("thread_pool_utilization", (watch.pool)()),
        ("success_rate", sums.success_rate()),
    ])
}

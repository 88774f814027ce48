//! What workers of the app are told.

use std::sync::Arc;
use std::time::Duration;

use journeyman_job::AppState;

use crate::chance;
use crate::config::{Config, PoolSize};
use crate::drivers::Connected;
use crate::queue::{Policy, QueueManager, Retention, WorkerId, WorkerIdError};
use crate::worker::{Observer, Ordering, Pool, Surroundings, Until, WorkerOptions};

/// Jobs that may run at once where they are dispatched. A job that dispatches another one holds its slot meanwhile.
const INLINE_SLOTS: usize = 1000;
/// How often a worker tells of itself; one that beats less often does so up to half as often.
const PRESENCE: Duration = Duration::from_secs(5);

pub(super) fn surroundings(
    connected: &Connected,
    manager: &QueueManager,
    state: &Arc<AppState>,
    observer: Option<Observer>,
) -> Surroundings {
    Surroundings {
        store: Arc::clone(&connected.store),
        connect: Arc::clone(&connected.connect),
        dispatcher: Arc::new(manager.clone()),
        routing: Arc::clone(manager.routing()),
        state: Arc::clone(state),
        observer,
    }
}

/// A worker that stands in for the caller: it takes whatever is dispatched at once, and tries it once.
pub(super) fn inline_options(config: &Config) -> Result<WorkerOptions, WorkerIdError> {
    let options = worker_options(config, false)?;
    let policy = Policy { max_tries: Some(1), ..options.policy };
    Ok(WorkerOptions {
        policy,
        slots: INLINE_SLOTS,
        pools: Vec::new(),
        all_queues: true,
        until: Until::default(),
        ..options
    })
}

pub(super) fn worker_options(config: &Config, stop_when_empty: bool) -> Result<WorkerOptions, WorkerIdError> {
    let worker = &config.worker;
    Ok(WorkerOptions {
        queues: worker.queues.clone(),
        all_queues: worker.all_queues,
        ordering: Ordering {
            mode: worker.priority_mode,
            weights: worker.priority_weights,
            aging_after: worker.aging_after,
        },
        slots: worker.count,
        pools: worker.pools.iter().flatten().map(pool).collect(),
        thread_pool_size: worker.thread_pool_size,
        lease: worker.lease,
        heartbeat: worker.heartbeat,
        presence: worker.heartbeat.clamp(PRESENCE, 2 * PRESENCE),
        sleep: worker.sleep,
        grace: worker.grace_shutdown_period,
        policy: Policy {
            max_crashes: worker.max_crashes,
            max_tries: worker.max_tries,
            max_requeues: worker.max_requeue_attempts,
        },
        timeout: worker.timeout,
        retention: Retention { ttl: config.retention.backup_ttl, max_records: config.retention.max_records },
        until: Until {
            max_jobs: worker.max_jobs,
            max_time: worker.max_time,
            memory: worker.memory,
            empty: stop_when_empty,
        },
        ..WorkerOptions::new(worker_id()?)
    })
}

fn pool(size: &PoolSize) -> Pool {
    Pool { queues: size.queues.clone(), slots: size.slots }
}

/// Host, process and chance: readable, and never used twice.
pub(super) fn worker_id() -> Result<WorkerId, WorkerIdError> {
    let letters = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let host: String = crate::host::name().chars().filter(letters).take(60).collect();
    let host = if host.is_empty() { "host".to_owned() } else { host };
    WorkerId::new(&format!("{host}-{}-{}", std::process::id(), chance::suffix()))
}

//! The composition root: puts store, workers and API together.

use std::collections::HashMap;
use std::sync::Arc;

use journeyman_job::{AppState, Priority, QueueName, secret};
use tokio_util::sync::CancellationToken;

use crate::chance;
use crate::config::Config;
use crate::drivers::{self, Connected};
use crate::http::WorkerGauge;
use crate::metrics::{Metrics, Watch, Workers};
use crate::queue::{Policy, QueueManager, Retention, StoreError, WorkerId, WorkerIdError};
use crate::worker::{Happened, JobEvent, Observer, Surroundings, Until, Worker, WorkerOptions};

/// A process's store and the way into it.
#[derive(Debug, Clone)]
pub struct App {
    pub config: Config,
    pub connected: Connected,
    pub manager: QueueManager,
    /// What this process counts; `None` when it is told not to.
    pub metrics: Option<Metrics>,
}

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Name(#[from] WorkerIdError),
    #[error("no thread for the heartbeat: {0}")]
    Thread(#[from] std::io::Error),
}

impl App {
    /// Connects to the configured store. Needs a Tokio runtime.
    pub async fn start(config: Config) -> Result<Self, StoreError> {
        if let Some(keys) = config.security.keys.clone() {
            secret::install_keys(keys).map_err(|error| StoreError::Refused(format!("security.keys: {error}")))?;
        }
        journeyman_job::set_work_timeout(config.worker.work_timeout);
        let connected = drivers::connect(&config).await?;
        let manager = QueueManager::new(Arc::clone(&connected.store), default_priorities());
        let metrics = config.metrics.enabled.then(Metrics::new);
        Ok(Self { config, connected, manager, metrics })
    }

    /// Starts a worker as configured; with `stop_when_empty` it ends once nothing is left to run.
    pub fn work(&self, stop_when_empty: bool, observer: Option<Observer>) -> Result<Worker, StartError> {
        let options = worker_options(&self.config, stop_when_empty)?;
        let surroundings = Surroundings {
            store: Arc::clone(&self.connected.store),
            connect: Arc::clone(&self.connected.connect),
            dispatcher: Arc::new(self.manager.clone()),
            state: Arc::new(AppState::default()),
            observer: measured(self.metrics.clone(), observer),
        };
        Ok(Worker::start(options, surroundings)?)
    }

    /// How busy `worker` is, to be read whenever it is asked.
    pub fn worker_gauge(&self, worker: Option<&Worker>) -> WorkerGauge {
        let Some(worker) = worker else { return WorkerGauge::default() };
        let (busy, pool) = (worker.busy(), worker.pool().clone());
        let (slots, pool_size) = (self.config.worker.count, self.config.worker.thread_pool_size);
        WorkerGauge::new(move || {
            let pool_utilization = pool.utilization() / 100.0;
            Workers { slots, busy: busy(), pool_size, pool_utilization }
        })
    }

    /// Logs the numbers that move, until `shutdown`, if metrics are wanted.
    pub fn watch_metrics(&self, workers: WorkerGauge, shutdown: CancellationToken) {
        let metrics = &self.config.metrics;
        if metrics.enabled {
            let watch = Watch {
                store: Arc::clone(&self.connected.store),
                pool: Arc::new(move || workers.read().pool_utilization * 100.0),
                threshold: metrics.log_threshold.get(),
                interval: metrics.log_interval,
            };
            tokio::spawn(crate::metrics::watch(watch, shutdown));
        }
    }

    /// Whether the API takes the trial jobs: as configured, else only where nothing but this machine can reach it and
    /// nothing but this process's own file is at stake.
    pub fn takes_examples(&self) -> bool {
        use crate::config::Connection::{Memory, Sqlite};
        let is_embedded = matches!(self.config.store.connection, Sqlite | Memory);
        self.config.examples.unwrap_or(is_embedded && self.config.http.bind.ip().is_loopback())
    }
}

/// An observer that measures what it sees, and passes it on.
fn measured(metrics: Option<Metrics>, observer: Option<Observer>) -> Option<Observer> {
    let Some(metrics) = metrics else { return observer };
    Some(Arc::new(move |event: &JobEvent| {
        let outcome = match &event.what {
            Happened::Started => None,
            Happened::Completed { .. } => Some("completed"),
            Happened::Retrying { .. } => Some("retrying"),
            Happened::PutOff { .. } => Some("put_off"),
            Happened::Failed { .. } => Some("failed"),
            Happened::Refused { .. } => Some("refused"),
        };
        if let Some(outcome) = outcome {
            metrics.attempt(&event.job_type, outcome, event.what.duration());
        }
        if let Some(observer) = &observer {
            observer(event);
        }
    }))
}

/// A queue's priority counts for jobs that are pushed to it without one of their own.
fn default_priorities() -> HashMap<QueueName, Priority> {
    [("high_priority", Priority::High), ("low_priority", Priority::Low)]
        .into_iter()
        .filter_map(|(name, priority)| Some((QueueName::new(name).ok()?, priority)))
        .collect()
}

fn worker_options(config: &Config, stop_when_empty: bool) -> Result<WorkerOptions, WorkerIdError> {
    let worker = &config.worker;
    Ok(WorkerOptions {
        queues: worker.queues.clone(),
        all_queues: worker.all_queues,
        slots: worker.count,
        thread_pool_size: worker.thread_pool_size,
        lease: worker.lease,
        heartbeat: worker.heartbeat,
        sleep: worker.sleep,
        grace: worker.grace_shutdown_period,
        policy: Policy { max_crashes: worker.max_crashes, max_tries: worker.max_tries },
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

/// Host, process and chance: readable, and never used twice.
fn worker_id() -> Result<WorkerId, WorkerIdError> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let letters = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let host: String = host.trim().chars().filter(letters).take(60).collect();
    let host = if host.is_empty() { "host".to_owned() } else { host };
    WorkerId::new(&format!("{host}-{}-{}", std::process::id(), chance::suffix()))
}

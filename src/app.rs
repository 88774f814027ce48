//! The composition root: puts store, workers and API together.

use std::collections::HashMap;
use std::sync::Arc;

use journeyman_job::{AppState, Priority, QueueName, secret};

use crate::chance;
use crate::config::Config;
use crate::drivers::{self, Connected};
use crate::queue::operations::Operations;
use crate::queue::{Policy, QueueManager, Retention, StoreError, WorkerId, WorkerIdError};
use crate::worker::{Observer, Surroundings, Until, Worker, WorkerOptions};

/// A process's store and the way into it.
#[derive(Debug, Clone)]
pub struct App {
    pub config: Config,
    pub connected: Connected,
    pub manager: QueueManager,
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
        Ok(Self { config, connected, manager })
    }

    /// Starts a worker as configured; with `stop_when_empty` it ends once nothing is left to run.
    pub fn work(&self, stop_when_empty: bool, observer: Option<Observer>) -> Result<Worker, StartError> {
        let options = worker_options(&self.config, stop_when_empty)?;
        let surroundings = Surroundings {
            store: Arc::clone(&self.connected.store),
            connect: Arc::clone(&self.connected.connect),
            dispatcher: Arc::new(self.manager.clone()),
            state: Arc::new(AppState::default()),
            observer,
        };
        Ok(Worker::start(options, surroundings)?)
    }

    /// What an operator can do to the store.
    pub fn operations(&self) -> Operations {
        Operations::new(Arc::clone(&self.connected.store), self.config.worker.queues.clone())
    }

    /// Whether the API takes the trial jobs: as configured, else only where nothing but this machine can reach it and
    /// nothing but this process's own file is at stake.
    pub fn takes_examples(&self) -> bool {
        use crate::config::Connection::{Memory, Sqlite};
        let is_embedded = matches!(self.config.store.connection, Sqlite | Memory);
        self.config.examples.unwrap_or(is_embedded && self.config.http.bind.ip().is_loopback())
    }
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

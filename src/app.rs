//! The composition root: puts store, workers and API together.

mod connections;

use std::collections::HashMap;
use std::sync::Arc;

use journeyman_job::{AppState, QueueName, secret};

use crate::chance;
use crate::config::{Config, Connection, PoolSize};
use crate::drivers::Connected;
use crate::queue::operations::Operations;
use crate::queue::{Codec, Policy, QueueManager, Retention, StoreError, WorkerId, WorkerIdError};
use crate::worker::{Observer, Ordering, Pool, Surroundings, Until, Worker, WorkerOptions};

/// Jobs that may run at once where they are dispatched. A job that dispatches another one holds its slot meanwhile.
const INLINE_SLOTS: usize = 1000;

/// A process's store and the way into it.
#[derive(Debug, Clone)]
pub struct App {
    pub config: Config,
    pub connected: Connected,
    pub manager: QueueManager,
    /// The workers of connections that run jobs while they are dispatched; they live as long as the app.
    _inline: Arc<Vec<Worker>>,
}

/// What a program brings along that embeds the server.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The codec of the default connection, in place of the configured one.
    pub codec: Option<Arc<dyn Codec>>,
}

/// Why an app could not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("connection {name:?}: {error}")]
    Connection { name: String, error: StoreError },
    #[error(transparent)]
    Worker(#[from] StartError),
}

impl From<WorkerIdError> for AppError {
    fn from(error: WorkerIdError) -> Self {
        Self::Worker(error.into())
    }
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
    /// Connects to the configured stores. Needs a Tokio runtime.
    pub async fn start(config: Config) -> Result<Self, AppError> {
        Self::start_with(config, Setup::default()).await
    }

    /// The same with what the program brings along.
    pub async fn start_with(config: Config, setup: Setup) -> Result<Self, AppError> {
        if let Some(keys) = &config.security.keys {
            secret::install_keys(keys).map_err(|error| StoreError::Refused(format!("security.keys: {error}")))?;
        }
        journeyman_job::set_work_timeout(config.worker.work_timeout);
        let connected = connections::open(&config, setup.codec).await?;
        let others = connections::open_named(&config).await?;
        let managers = others.iter().map(|(name, other)| (name.clone(), connections::manager(&other.0, &other.1)));
        let mut managers: HashMap<String, QueueManager> = managers.collect();
        let main = connections::manager(&config, &connected);
        // The default connection has a name too.
        managers.entry(config.default_connection().to_owned()).or_insert_with(|| main.clone());
        let manager = main.with_connections(managers);
        let mut inline = Vec::new();
        let main = std::iter::once((&config, &connected));
        for (config, connected) in main.chain(others.values().map(|(config, connected)| (config, connected))) {
            if config.store.connection == Connection::Sync {
                let surroundings = surroundings(connected, &manager, None);
                inline.push(Worker::start(inline_options(config)?, surroundings).map_err(StartError::from)?);
            }
        }
        Ok(Self { config, connected, manager, _inline: Arc::new(inline) })
    }

    /// Starts a worker as configured; with `stop_when_empty` it ends once nothing is left to run.
    pub fn work(&self, stop_when_empty: bool, observer: Option<Observer>) -> Result<Worker, StartError> {
        let options = worker_options(&self.config, stop_when_empty)?;
        Ok(Worker::start(options, surroundings(&self.connected, &self.manager, observer))?)
    }

    /// Jobs that a worker of this process runs at once.
    pub fn worker_slots(&self) -> usize {
        let pools = self.config.worker.pools.as_deref();
        pools.map_or(self.config.worker.count, |pools| pools.iter().map(|pool| pool.slots).sum())
    }

    /// Whether jobs of the default connection wait for a worker; else they run where they are dispatched, or never.
    pub fn has_workers(&self) -> bool {
        !matches!(self.config.store.connection, Connection::Sync | Connection::Null)
    }

    /// What an operator can do to the store.
    pub fn operations(&self) -> Operations {
        operations(&self.config, &self.connected)
    }

    /// Whether the API takes the trial jobs: as configured, else only where nothing but this machine can reach it and
    /// nothing but this process's own file is at stake.
    pub fn takes_examples(&self) -> bool {
        use Connection::{Memory, Sqlite, Sync};
        let is_embedded = matches!(self.config.store.connection, Sqlite | Memory | Sync);
        self.config.examples.unwrap_or(is_embedded && self.config.http.bind.ip().is_loopback())
    }
}

/// Opens the default store to look at it and to operate it; no job runs here.
pub async fn open(config: &Config) -> Result<Connected, StoreError> {
    connections::open(config, None).await
}

/// What an operator can do to a store that is open.
pub fn operations(config: &Config, connected: &Connected) -> Operations {
    let worker = &config.worker;
    let served: Vec<QueueName> = match &worker.pools {
        Some(pools) => pools.iter().flat_map(|pool| pool.queues.iter().cloned()).collect(),
        None => worker.queues.clone(),
    };
    let known = config.queue.priorities.iter().flatten().map(|known| known.queue.clone());
    Operations::new(Arc::clone(&connected.store), served.into_iter().chain(known))
}

fn surroundings(connected: &Connected, manager: &QueueManager, observer: Option<Observer>) -> Surroundings {
    Surroundings {
        store: Arc::clone(&connected.store),
        connect: Arc::clone(&connected.connect),
        dispatcher: Arc::new(manager.clone()),
        state: Arc::new(AppState::default()),
        observer,
    }
}

/// A worker that stands in for the caller: it takes whatever is dispatched at once, and tries it once.
fn inline_options(config: &Config) -> Result<WorkerOptions, WorkerIdError> {
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

fn worker_options(config: &Config, stop_when_empty: bool) -> Result<WorkerOptions, WorkerIdError> {
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
fn worker_id() -> Result<WorkerId, WorkerIdError> {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let letters = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let host: String = host.trim().chars().filter(letters).take(60).collect();
    let host = if host.is_empty() { "host".to_owned() } else { host };
    WorkerId::new(&format!("{host}-{}-{}", std::process::id(), chance::suffix()))
}

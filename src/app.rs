//! The composition root: puts store, workers and API together.

mod connections;
mod measuring;
mod shared;
mod workers;

use std::collections::HashMap;
use std::sync::Arc;

use journeyman_job::{AppState, QueueName, secret};

use crate::config::{Config, Connection};
use crate::drivers::Connected;
use crate::metrics::Metrics;
use crate::metrics::history::Recorder;
use crate::queue::operations::Operations;
use crate::queue::{Codec, QueueManager, StoreError, WorkerIdError};
use crate::worker::{Observer, Worker};

pub use shared::tables;

/// A process's store and the way into it.
#[derive(Debug, Clone)]
pub struct App {
    pub config: Config,
    pub connected: Connected,
    pub manager: QueueManager,
    /// What jobs find in their context.
    state: Arc<AppState>,
    /// The workers of connections that run jobs while they are dispatched; they live as long as the app.
    _inline: Arc<Vec<Worker>>,
    /// What this process counts; `None` when it is told not to.
    pub metrics: Option<Metrics>,
    /// What it writes down of that.
    pub history: Option<Arc<Recorder>>,
}

/// What a program brings along that embeds the server.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The codec of the default connection, in place of the configured one.
    pub codec: Option<Arc<dyn Codec>>,
    /// What jobs find in their context, beside or in place of what the server gives them:
    /// [`Tables`](crate::tables::Tables), [`Credits`](journeyman_job::credits::Credits) and
    /// [`Webhooks`](crate::webhook::Webhooks).
    pub state: AppState,
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
        let metrics = config.metrics.enabled.then(Metrics::new);
        let process = workers::worker_id().map_err(StartError::from)?;
        let history = config.metrics.enabled.then(|| Arc::new(Recorder::new(process.as_str())));
        let connected = connections::open(&config, setup.codec).await?;
        let others = connections::open_named(&config).await?;
        let managers = others.iter().map(|(name, other)| (name.clone(), connections::manager(&other.0, &other.1)));
        let mut managers: HashMap<String, QueueManager> = managers.collect();
        let main = connections::manager(&config, &connected);
        // The default connection has a name too.
        managers.entry(config.default_connection().to_owned()).or_insert_with(|| main.clone());
        let manager = main.with_connections(managers);
        let state = Arc::new(shared::state(&config, setup.state));
        let mut inline = Vec::new();
        let main = std::iter::once((&config, &connected));
        for (config, connected) in main.chain(others.values().map(|(config, connected)| (config, connected))) {
            if config.store.connection == Connection::Sync {
                let surroundings = workers::surroundings(
                    connected,
                    &manager,
                    &state,
                    measuring::measured(metrics.clone(), None, None),
                );
                inline.push(Worker::start(workers::inline_options(config)?, surroundings).map_err(StartError::from)?);
            }
        }
        Ok(Self { config, connected, manager, state, metrics, history, _inline: Arc::new(inline) })
    }

    /// Starts a worker as configured; with `stop_when_empty` it ends once nothing is left to run.
    pub fn work(&self, stop_when_empty: bool, observer: Option<Observer>) -> Result<Worker, StartError> {
        let options = workers::worker_options(&self.config, stop_when_empty)?;
        let observer = measuring::measured(self.metrics.clone(), self.history.clone(), observer);
        Ok(Worker::start(options, workers::surroundings(&self.connected, &self.manager, &self.state, observer))?)
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

    /// Whether the API takes the trial jobs: as configured, else only where nothing but this machine can reach it,
    /// nothing but this process's own file is at stake, and no keys say that callers are not all the same.
    pub fn takes_examples(&self) -> bool {
        use Connection::{Memory, Sqlite, Sync};
        let is_embedded = matches!(self.config.store.connection, Sqlite | Memory | Sync);
        let http = &self.config.http;
        self.config.examples.unwrap_or(is_embedded && http.bind.ip().is_loopback() && !http.has_keys())
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
        .with_audit_kept(config.audit.retention)
}

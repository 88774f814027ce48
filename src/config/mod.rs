//! All settings of the server, from four layers: defaults < file < environment < flags. A variable of the process counts
//! before the same one of `.env`.
//!
//! A setting is one field of one of the structs here; its key, variable, default, bounds and documentation stand with
//! it. Everything is checked before anything starts, and everything that is wrong is told at once.

mod address;
mod allow_list;
mod audit;
mod callbacks;
mod connections;
mod database;
mod database_url;
mod error;
mod http;
mod kinds;
mod layers;
mod logging;
mod metrics;
mod queue;
mod rate;
mod reader;
mod redis;
mod redis_url;
mod retention;
mod secret;
mod security;
mod share;
mod show;
mod sources;
mod store;
mod tables;
mod value;
mod worker;

#[cfg(test)]
mod tests;

pub use allow_list::{AllowList, AllowedTable};
pub use audit::AuditConfig;
pub use callbacks::{CallbacksConfig, HostPattern};
pub use connections::{NamedConnection, Place};
pub use database::{DatabaseConfig, DatabaseName};
pub use database_url::DatabaseUrl;
pub use error::{ConfigError, ConfigErrors};
pub use http::HttpConfig;
pub use layers::Origin;
pub use logging::{Directives, LogFormat, LoggingConfig};
pub use metrics::MetricsConfig;
pub use queue::{QueueConfig, QueuePriority};
pub use rate::{HostName, RateLimit};
pub use redis::{Host, KeyPrefix, RedisConfig};
pub use redis_url::RedisUrl;
pub use retention::RetentionConfig;
pub use secret::Secret;
pub use security::SecurityConfig;
pub use share::Share;
pub use show::SettingRow;
pub use sources::{DEFAULT_FILE, Sources};
pub use store::{Codec, Connection, StoreConfig};
pub use tables::TablesConfig;
pub use worker::{PoolSize, WorkerConfig};

use layers::Layers;
use reader::{Reader, Setting};

/// The settings in force, all of them valid by themselves and together.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub http: HttpConfig,
    pub store: StoreConfig,
    pub redis: RedisConfig,
    pub database: DatabaseConfig,
    pub queue: QueueConfig,
    pub worker: WorkerConfig,
    pub retention: RetentionConfig,
    pub audit: AuditConfig,
    pub tables: TablesConfig,
    pub callbacks: CallbacksConfig,
    pub logging: LoggingConfig,
    pub metrics: MetricsConfig,
    pub security: SecurityConfig,
    /// Whether the API takes the example jobs; `None` leaves it to the kind of start.
    pub examples: Option<bool>,
}

/// The settings and where each came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub config: Config,
    /// What `config show` lists.
    pub rows: Vec<SettingRow>,
}

impl Config {
    /// Reads every setting, or tells everything that is wrong.
    pub fn load(sources: &Sources) -> Result<Loaded, ConfigErrors> {
        let (layers, errors) = Layers::new(sources);
        let mut reader = Reader::new(&layers, errors);
        let config = Self::read(&mut reader);
        let rows = reader.finish()?;
        // A section is missing only after an error, which `finish` has returned.
        config.map(|config| Loaded { config, rows }).ok_or_else(|| ConfigErrors::new(Vec::new()))
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let http = HttpConfig::read(reader);
        let store = StoreConfig::read(reader);
        let redis = RedisConfig::read(reader);
        let database = DatabaseConfig::read(reader);
        let queue = QueueConfig::read(reader);
        let worker = WorkerConfig::read(reader).map(|worker| worker.with_pools_as_meant(reader));
        let retention = RetentionConfig::read(reader);
        let audit = AuditConfig::read(reader);
        let tables = TablesConfig::read(reader);
        let callbacks = CallbacksConfig::read(reader);
        let logging = LoggingConfig::read(reader);
        let metrics = MetricsConfig::read(reader);
        let security = SecurityConfig::read(reader);
        let examples = reader.read(&Setting {
            key: "examples",
            env: "JOURNEYMAN_EXAMPLES",
            default: "",
            doc: "Whether the API takes the example jobs; not set leaves it to the kind of start.",
        });
        if let (Some(redis), Some(store)) = (&redis, &store) {
            redis.check(store, reader);
        }
        if let (Some(database), Some(store)) = (&database, &store) {
            database.check(store, reader);
        }
        if let (Some(store), Some(security)) = (&store, &security) {
            store.check(security, reader);
        }
        if let Some(worker) = &worker {
            worker.check(reader);
        }
        if let (Some(http), Some(worker)) = (&http, &worker) {
            http.check(worker, reader);
        }
        if let Some(tables) = &tables {
            tables.check(database.as_ref(), reader);
        }
        Some(Self {
            http: http?,
            store: store?,
            redis: redis?,
            database: database?,
            queue: queue?,
            worker: worker?.without_zero_limits(),
            retention: retention?,
            audit: audit?,
            tables: tables?,
            callbacks: callbacks?,
            logging: logging?,
            metrics: metrics?,
            security: security?,
            examples: examples?,
        })
    }
}

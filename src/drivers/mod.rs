//! The stores, and the one place that chooses among them.

pub mod coded;
pub mod database;
pub mod guarded;
pub mod memory;
pub mod null;
pub mod redis;
pub mod sealed;
pub mod sqlite;
mod store_time;
mod takeover;

pub use store_time::StoreTime;

use std::sync::Arc;

use crate::circuit::{Circuit, CircuitOptions};
use crate::clock::SystemClock;
use crate::config::{Config, Connection};
use crate::queue::{Connect, Store, StoreError};

use database::{DatabaseOptions, DatabaseStore};
use guarded::GuardedStore;
use memory::MemoryStore;
use redis::{RedisOptions, RedisStore};
use sqlite::SqliteStore;

/// A connected store, and how to connect to it once more.
#[derive(Clone)]
pub struct Connected {
    pub store: Arc<dyn Store>,
    pub connect: Connect,
    /// The breaker around every connection to it; a store inside this process needs none.
    pub circuit: Option<Circuit>,
    /// Which store it is, for people; without any password.
    pub name: String,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Connects to the store that the configuration names.
pub async fn connect(config: &Config) -> Result<Connected, StoreError> {
    match config.store.connection {
        Connection::Null => {
            connected(config, "null".into(), || Box::pin(async { Ok(null::NullStore::default()) })).await
        }
        Connection::Memory | Connection::Sync => {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
            let same = Arc::clone(&store);
            let connect: Connect = Arc::new(move || {
                let store = Arc::clone(&same);
                Box::pin(async move { Ok(store) })
            });
            Ok(Connected { store, connect, circuit: None, name: config.default_connection().into() })
        }
        Connection::Sqlite => {
            let path = config.store.data_dir.join("journeyman.db");
            let name = format!("SQLite {}", path.display());
            connected(config, name, move || {
                let path = path.clone();
                Box::pin(async move {
                    SqliteStore::open(&path, Arc::new(SystemClock::default()))
                        .map_err(|error| error.about(&path.display()))
                })
            })
            .await
        }
        Connection::Redis => {
            let options = RedisOptions {
                url: config.redis.url().expose().to_owned(),
                key_prefix: config.redis.key_prefix.as_str().to_owned(),
                command_timeout: config.store.connection_timeout,
                max_connection_retries: config.store.max_connection_retries,
                allow_eviction: config.redis.allow_eviction,
            };
            let name = format!("Redis {}", config.redis.masked_url());
            connected(config, name, move || Box::pin(RedisStore::connect(options.clone(), StoreTime::Server))).await
        }
        Connection::Database => {
            let options = database_options(config);
            let name = format!("database {}", options.masked_url);
            connected(config, name, move || Box::pin(DatabaseStore::connect(options.clone(), StoreTime::Server))).await
        }
    }
}

/// Brings the tables of the store that the configuration names up to date, if it has any.
pub async fn migrate(config: &Config) -> Result<(), StoreError> {
    match config.store.connection {
        Connection::Database => DatabaseStore::migrate(&database_options(config)).await,
        // An embedded store does so whenever it is opened; the others have none.
        Connection::Sqlite | Connection::Redis | Connection::Memory | Connection::Sync | Connection::Null => Ok(()),
    }
}

fn database_options(config: &Config) -> DatabaseOptions {
    DatabaseOptions {
        url: config.database.url().expose().to_owned(),
        masked_url: config.database.masked_url(),
        call_timeout: config.store.connection_timeout,
        max_connection_retries: config.store.max_connection_retries,
        pool_size: config.database.pool_size,
        auto_migrate: config.database.auto_migrate,
    }
}

/// With a guard around this connection and every further one, all of them behind one breaker.
async fn connected<S, F>(config: &Config, name: String, open: F) -> Result<Connected, StoreError>
where
    S: Store + 'static,
    F: Fn() -> futures::future::BoxFuture<'static, Result<S, StoreError>> + Send + Sync + 'static,
{
    let circuit = Circuit::new(CircuitOptions {
        deadline: config.store.connection_timeout,
        threshold: config.store.circuit_breaker_threshold,
        recovery: config.store.circuit_recovery_timeout,
    });
    let of_each = circuit.clone();
    let connect: Connect = Arc::new(move || {
        let opening = open();
        let circuit = of_each.clone();
        Box::pin(async move {
            let store: Arc<dyn Store> = Arc::new(opening.await?);
            Ok(Arc::new(GuardedStore::new(store, circuit)) as Arc<dyn Store>)
        })
    });
    let store = connect().await?;
    Ok(Connected { store, connect, circuit: Some(circuit), name })
}

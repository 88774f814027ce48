//! The stores, and the one place that chooses among them.

pub mod coded;
pub mod memory;
pub mod null;
pub mod redis;
pub mod sealed;
pub mod sqlite;

use std::sync::Arc;

use crate::clock::SystemClock;
use crate::config::{Config, Connection};
use crate::queue::{Connect, Store, StoreError};

use memory::MemoryStore;
use redis::{RedisOptions, RedisStore, StoreTime};
use sqlite::SqliteStore;

/// A connected store, and how to connect to it once more.
#[derive(Clone)]
pub struct Connected {
    pub store: Arc<dyn Store>,
    pub connect: Connect,
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
        Connection::Null => connected("null".into(), || Box::pin(async { Ok(null::NullStore::default()) })).await,
        Connection::Memory | Connection::Sync => {
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
            let same = Arc::clone(&store);
            let connect: Connect = Arc::new(move || {
                let store = Arc::clone(&same);
                Box::pin(async move { Ok(store) })
            });
            Ok(Connected { store, connect, name: config.default_connection().into() })
        }
        Connection::Sqlite => {
            let path = config.store.data_dir.join("journeyman.db");
            let name = format!("SQLite {}", path.display());
            connected(name, move || {
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
            };
            let name = format!("Redis {}", config.redis.masked_url());
            connected(name, move || Box::pin(RedisStore::connect(options.clone(), StoreTime::Server))).await
        }
    }
}

async fn connected<S, F>(name: String, open: F) -> Result<Connected, StoreError>
where
    S: Store + 'static,
    F: Fn() -> futures::future::BoxFuture<'static, Result<S, StoreError>> + Send + Sync + 'static,
{
    let connect: Connect = Arc::new(move || {
        let opening = open();
        Box::pin(async move { opening.await.map(|store| Arc::new(store) as Arc<dyn Store>) })
    });
    let store = connect().await?;
    Ok(Connected { store, connect, name })
}

//! The stores that are compared with the model. Each case gets an empty one.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use journeyman::clock::{ManualClock, SystemClock};
use journeyman::drivers::StoreTime;
use journeyman::drivers::database::{DatabaseOptions, DatabaseStore};
use journeyman::drivers::memory::MemoryStore;
use journeyman::drivers::redis::{RedisOptions, RedisStore};
use journeyman::drivers::sqlite::SqliteStore;
use journeyman::queue::Store;
use sqlx::{Connection, MySqlConnection, PgConnection};

/// Its parts in the order in which they are dropped.
pub struct Fresh {
    pub store: Arc<dyn Store>,
    _dir: Option<tempfile::TempDir>,
}

/// Where the cases of one test get their stores from.
pub enum Source {
    Sqlite,
    Redis,
    Database { store: Arc<dyn Store>, url: String },
}

/// What a job or a queue can leave behind in a database.
const LEAVINGS: &str = "DELETE FROM queue_jobs; DELETE FROM queue_failed_jobs; DELETE FROM queue_stats; \
    DELETE FROM queue_leases; DELETE FROM queue_paused; DELETE FROM queue_control WHERE name <> 'prune'";

impl Source {
    pub async fn mariadb(time: StoreTime) -> Self {
        Self::database(crate::support::mariadb::shared().fresh_url(), time).await
    }

    pub async fn postgres(time: StoreTime) -> Self {
        Self::database(crate::support::postgres::shared().fresh_url(), time).await
    }

    /// One database for all cases, because to make one takes longer than a case.
    async fn database(url: String, time: StoreTime) -> Self {
        Self::Database { store: database(url.clone(), time).await, url }
    }

    pub async fn fresh(&self, clock: &Arc<ManualClock>) -> Fresh {
        match self {
            Self::Sqlite => {
                let dir = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(&dir.path().join("journeyman.db"), clock.clone()).unwrap();
                Fresh { store: Arc::new(store), _dir: Some(dir) }
            }
            Self::Redis => Fresh { store: redis(fresh_prefix(), StoreTime::Manual(clock.clone())).await, _dir: None },
            Self::Database { store, url } => {
                empty(url).await;
                Fresh { store: Arc::clone(store), _dir: None }
            }
        }
    }
}

/// Its data is the handle.
pub fn two_in_memory() -> [Arc<dyn Store>; 2] {
    let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
    [store.clone(), store]
}

/// Two handles on one store, as two processes would have them, by the store's own clock.
pub async fn two_on_sqlite(path: &Path) -> [Arc<dyn Store>; 2] {
    let open = || -> Arc<dyn Store> { Arc::new(SqliteStore::open(path, Arc::new(SystemClock::default())).unwrap()) };
    [open(), open()]
}

pub async fn two_on_redis() -> [Arc<dyn Store>; 2] {
    let prefix = fresh_prefix();
    [redis(prefix.clone(), StoreTime::Server).await, redis(prefix, StoreTime::Server).await]
}

pub async fn two_on_database(url: String) -> [Arc<dyn Store>; 2] {
    [database(url.clone(), StoreTime::Server).await, database(url, StoreTime::Server).await]
}

fn fresh_prefix() -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    format!("model-{}:", USED.fetch_add(1, Ordering::Relaxed))
}

async fn redis(key_prefix: String, time: StoreTime) -> Arc<dyn Store> {
    let options = RedisOptions {
        url: crate::support::redis::RedisServer::shared().url(),
        key_prefix,
        command_timeout: Duration::from_secs(30),
        max_connection_retries: 3,
        allow_eviction: false,
    };
    Arc::new(RedisStore::connect(options, time).await.unwrap())
}

async fn database(url: String, time: StoreTime) -> Arc<dyn Store> {
    let options = DatabaseOptions {
        url: url.clone(),
        masked_url: url,
        call_timeout: Duration::from_secs(30),
        max_connection_retries: 3,
        pool_size: 6,
        auto_migrate: true,
    };
    Arc::new(DatabaseStore::connect(options, time).await.unwrap())
}

async fn empty(url: &str) {
    let statements = sqlx::raw_sql(LEAVINGS);
    if url.starts_with("mysql") {
        statements.execute(&mut MySqlConnection::connect(url).await.unwrap()).await.unwrap();
    } else {
        statements.execute(&mut PgConnection::connect(url).await.unwrap()).await.unwrap();
    }
}

//! How a case gets its store: one backend per driver.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use journeyman::clock::{Clock, ManualClock};
use journeyman::drivers::memory::MemoryStore;
use journeyman::queue::Store;

/// Fresh, empty data that several handles can share.
#[async_trait]
pub trait Backend: Debug + Send + Sync {
    /// A handle of its own, as another process would open it.
    async fn open(&self) -> Arc<dyn Store>;
}

/// Its data is the handle, so every handle is the same.
#[derive(Debug)]
struct Memory(Arc<MemoryStore>);

pub fn memory(clock: Arc<ManualClock>) -> Box<dyn Backend> {
    let clock: Arc<dyn Clock> = clock;
    Box::new(Memory(Arc::new(MemoryStore::new(clock))))
}

#[async_trait]
impl Backend for Memory {
    async fn open(&self) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = self.0.clone();
        store
    }
}

#[derive(Debug)]
struct Sqlite {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
}

pub fn sqlite(clock: Arc<ManualClock>) -> Box<dyn Backend> {
    Box::new(Sqlite { dir: tempfile::tempdir().unwrap(), clock })
}

#[async_trait]
impl Backend for Sqlite {
    async fn open(&self) -> Arc<dyn Store> {
        let path = self.dir.path().join("journeyman.db");
        Arc::new(journeyman::drivers::sqlite::SqliteStore::open(&path, self.clock.clone()).unwrap())
    }
}

#[derive(Debug)]
struct Redis {
    prefix: String,
    clock: Arc<ManualClock>,
}

/// The server is this process's own, so a number tells its tests apart.
fn fresh_prefix() -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    format!("test-{}:", USED.fetch_add(1, Ordering::Relaxed))
}

pub fn redis(clock: Arc<ManualClock>) -> Box<dyn Backend> {
    Box::new(Redis { prefix: fresh_prefix(), clock })
}

#[async_trait]
impl Backend for Redis {
    async fn open(&self) -> Arc<dyn Store> {
        use journeyman::drivers::redis::{RedisOptions, RedisStore, StoreTime};
        let options = RedisOptions {
            url: crate::support::redis::RedisServer::shared().url(),
            key_prefix: self.prefix.clone(),
            command_timeout: std::time::Duration::from_secs(5),
            max_connection_retries: 3,
            allow_eviction: false,
        };
        Arc::new(RedisStore::connect(options, StoreTime::Manual(self.clock.clone())).await.unwrap())
    }
}

/// A database, or a schema, of a server that all cases share.
#[derive(Debug)]
struct Database {
    url: String,
    clock: Arc<ManualClock>,
}

pub fn mariadb(clock: Arc<ManualClock>) -> Box<dyn Backend> {
    Box::new(Database { url: crate::support::mariadb::shared().fresh_url(), clock })
}

pub fn postgres(clock: Arc<ManualClock>) -> Box<dyn Backend> {
    Box::new(Database { url: crate::support::postgres::shared().fresh_url(), clock })
}

#[async_trait]
impl Backend for Database {
    async fn open(&self) -> Arc<dyn Store> {
        use journeyman::drivers::StoreTime;
        use journeyman::drivers::database::{DatabaseOptions, DatabaseStore};
        let options = DatabaseOptions {
            url: self.url.clone(),
            masked_url: self.url.clone(),
            call_timeout: std::time::Duration::from_secs(20),
            max_connection_retries: 3,
            pool_size: 4,
            auto_migrate: true,
        };
        Arc::new(DatabaseStore::connect(options, StoreTime::Manual(self.clock.clone())).await.unwrap())
    }
}

//! Stores that are reached through a proxy, beside a way to them that nothing happens on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use journeyman::circuit::{Circuit, CircuitOptions};
use journeyman::clock::ManualClock;
use journeyman::drivers::StoreTime;
use journeyman::drivers::database::{DatabaseOptions, DatabaseStore};
use journeyman::drivers::guarded::GuardedStore;
use journeyman::drivers::redis::{RedisOptions, RedisStore};
use journeyman::queue::Store;

use crate::support::proxy::Proxy;
use crate::support::redis::RedisServer;
use crate::support::{mariadb, postgres};

/// Longest that one call may take.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// The same by the direct way, which a busy machine alone must not break.
const PATIENT: Duration = Duration::from_secs(60);

/// Which store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Redis,
    MariaDb,
    Postgres,
}

/// The data of one row of the matrix, with two ways to it.
#[derive(Debug)]
pub struct Place {
    pub kind: Kind,
    pub proxy: Proxy,
    /// By the direct way.
    pub clean: Arc<dyn Store>,
    /// Through the proxy, behind the deadline that the product puts there.
    pub faulty: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
    /// What every request about this data says.
    pub mark: String,
}

impl Kind {
    /// Fresh data on the server that all tests share.
    pub fn fresh_url(self) -> String {
        match self {
            Self::Redis => RedisServer::shared().url(),
            Self::MariaDb => mariadb::shared().fresh_url(),
            Self::Postgres => postgres::shared().fresh_url(),
        }
    }

    async fn open(self, url: &str, prefix: &str, clock: &Arc<ManualClock>, timeout: Duration) -> Arc<dyn Store> {
        let time = StoreTime::Manual(clock.clone());
        if self == Self::Redis {
            let options = RedisOptions {
                url: url.to_owned(),
                key_prefix: prefix.to_owned(),
                command_timeout: timeout,
                max_connection_retries: 10,
                allow_eviction: false,
            };
            return Arc::new(RedisStore::connect(options, time).await.unwrap());
        }
        let options = DatabaseOptions {
            url: url.to_owned(),
            masked_url: url.to_owned(),
            call_timeout: timeout,
            max_connection_retries: 10,
            pool_size: 4,
            auto_migrate: true,
        };
        Arc::new(DatabaseStore::connect(options, time).await.unwrap())
    }
}

impl Place {
    pub async fn on(kind: Kind) -> Self {
        let (url, prefix) = (tokio::task::spawn_blocking(move || kind.fresh_url()).await.unwrap(), fresh_prefix());
        let clock = Arc::new(ManualClock::default());
        let (proxy, through) = Proxy::before(&url).await;
        let clean = kind.open(&url, &prefix, &clock, PATIENT).await;
        let inner = kind.open(&through, &prefix, &clock, TIMEOUT).await;
        // The breaker has tests of its own.
        let options = CircuitOptions { deadline: TIMEOUT, threshold: u32::MAX, ..CircuitOptions::default() };
        let faulty = Arc::new(GuardedStore::new(inner, Circuit::new(options)));
        Self { kind, proxy, clean, faulty, clock, mark: prefix }
    }
}

pub fn fresh_prefix() -> String {
    static USED: AtomicU64 = AtomicU64::new(0);
    format!("wire-{}:", USED.fetch_add(1, Ordering::Relaxed))
}

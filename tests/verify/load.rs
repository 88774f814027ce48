//! No false alarm: jobs are pushed, taken, ended, put back, cancelled and pruned while one look follows the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use journeyman::clock::SystemClock;
use journeyman::drivers::StoreTime;
use journeyman::drivers::database::{DatabaseOptions, DatabaseStore};
use journeyman::drivers::memory::MemoryStore;
use journeyman::drivers::redis::{RedisOptions, RedisStore};
use journeyman::drivers::sqlite::SqliteStore;
use journeyman::job::{Priority, When};
use journeyman::queue::{
    Class, Listing, NewJob, Retention, Retry, Settle, Settled, Settlement, State, Store, UniqueKey, Unit,
};

use super::{ending, failure, job, queue, reserve};
use crate::support::effort::effort;
use crate::support::redis::RedisServer;
use crate::support::{mariadb, postgres};

/// Looks at each store, and jobs that must have ended meanwhile.
const LOOKS: u32 = 8;
const ENDED: u64 = 500;
/// Jobs that may wait.
const BACKLOG: u64 = 1000;

/// What all of them share.
struct Traffic {
    store: Arc<dyn Store>,
    is_over: AtomicBool,
    ended: AtomicU64,
}

impl Traffic {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    async fn push(&self) {
        let mut number = 0_u64;
        while self.goes_on() {
            number += 1;
            let priority = Priority::DESCENDING[usize::try_from(number % 4).unwrap()];
            let later = When::After(Duration::from_millis(number % 50));
            let keyed = UniqueKey::stored(&format!("key-{}", number % 7));
            let mut jobs: Vec<NewJob> = (0..10).map(|_| job(priority, When::Now)).collect();
            jobs.extend([job(priority, later), NewJob { unique: Some(keyed), ..job(priority, When::Now) }]);
            self.store.push(&jobs, Unit::Queue).await.unwrap();
            // A look costs what there is; the workers are to keep up.
            while self.goes_on() && self.store.stats(&[queue()]).await.unwrap()[0].total_pending() > BACKLOG {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn work(&self, worker: &str) {
        let mut number = 0_u64;
        while self.goes_on() {
            let mut batch: Vec<Settle> = Vec::new();
            for held in reserve(&*self.store, worker, 20).await {
                number += 1;
                let settlement = match number % 10 {
                    0 => Settlement::Release { delay: Duration::from_millis(number % 40) },
                    1 => Settlement::Requeue,
                    2 => failure(),
                    3 => Settlement::Cancel,
                    _ => Settlement::Complete,
                };
                let follower = (number % 10 == 4).then(|| job(Priority::Low, When::Now));
                batch.push(Settle { then: follower.into_iter().collect(), ..ending(&held, settlement) });
            }
            let settled = self.store.settle(&batch).await.unwrap();
            assert!(settled.iter().all(|settled| *settled == Settled::Done), "{settled:?}");
            self.ended.fetch_add(settled.len() as u64, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    }

    async fn keep_house(&self) {
        while self.goes_on() {
            self.store.promote(100).await.unwrap();
            for state in [State::Pending, State::Failed] {
                let listing = Listing { queue: queue(), state, after: None, max: 3 };
                for record in self.store.list(&listing).await.unwrap().jobs {
                    if state == State::Failed {
                        self.store.retry(&Retry { job: record.id, trail: Bytes::new() }).await.unwrap();
                    } else {
                        self.store.cancel(record.id).await.unwrap();
                    }
                }
            }
            let retention = Retention { ttl: Duration::from_secs(3600), max_records: 300 };
            self.store.prune(retention, 500).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn never_alarms(store: Arc<dyn Store>) {
    let traffic = Arc::new(Traffic { store, is_over: AtomicBool::new(false), ended: AtomicU64::new(0) });
    let [one, two, three, four] = std::array::from_fn(|_| Arc::clone(&traffic));
    let tasks = [
        tokio::spawn(async move { one.push().await }),
        tokio::spawn(async move { two.work("worker-1").await }),
        tokio::spawn(async move { three.work("worker-2").await }),
        tokio::spawn(async move { four.keep_house().await }),
    ];
    let (mut looks, mut jobs) = (0, 0);
    while looks < LOOKS * effort() || traffic.ended.load(Ordering::Relaxed) < ENDED {
        let verified = traffic.store.verify().await.unwrap();
        assert!(verified.is_clean(), "look {looks}: {:?}", verified.findings);
        looks += 1;
        tokio::task::yield_now().await;
        jobs += verified.checked(Class::Jobs);
    }
    traffic.is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let verified = traffic.store.verify().await.unwrap();
    assert!(verified.is_clean(), "at the end: {:?}", verified.findings);
    assert!(jobs > 100, "{looks} looks saw {jobs} jobs");
}

/// P14, T24
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_moving_jobs_are_no_finding_in_memory() {
    never_alarms(Arc::new(MemoryStore::new(Arc::new(SystemClock::default())))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_moving_jobs_are_no_finding_in_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journeyman.db");
    never_alarms(Arc::new(SqliteStore::open(&path, Arc::new(SystemClock::default())).unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_moving_jobs_are_no_finding_in_redis() {
    let options = RedisOptions {
        url: RedisServer::shared().url(),
        key_prefix: "verify-load:".to_owned(),
        command_timeout: Duration::from_secs(30),
        max_connection_retries: 3,
        allow_eviction: false,
    };
    never_alarms(Arc::new(RedisStore::connect(options, StoreTime::Server).await.unwrap())).await;
}

async fn database(url: String) -> Arc<dyn Store> {
    let options = DatabaseOptions {
        url: url.clone(),
        masked_url: url,
        call_timeout: Duration::from_secs(60),
        max_connection_retries: 3,
        pool_size: 6,
        auto_migrate: true,
    };
    Arc::new(DatabaseStore::connect(options, StoreTime::Server).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_moving_jobs_are_no_finding_in_mariadb() {
    never_alarms(database(mariadb::shared().fresh_url()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_moving_jobs_are_no_finding_in_postgres() {
    never_alarms(database(postgres::shared().fresh_url()).await).await;
}

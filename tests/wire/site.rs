//! An app with a worker, behind a proxy and on a runtime of its own, so that a task it leaves behind is found.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::LocalBoxFuture;
use journeyman::app::{App, Setup};
use journeyman::clock::Stopwatch;
use journeyman::config::{Config, Sources};
use journeyman::job::{AppState, Dispatch, DispatchError, QueueName};
use journeyman::queue::{QueueManager, QueueStats};
use journeyman::worker::Worker;
use journeyman_job::prelude::*;

use super::store::{Kind, fresh_prefix};
use crate::support::proxy::Proxy;

/// Longest that anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// How long a stopping worker waits for its jobs.
const GRACE: Duration = Duration::from_secs(5);

/// What ran, in order: the number of each job that began.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<u64>>>);

/// Writes its number down.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    number: u64,
}

#[job(name = "wire.note")]
impl Job for Note {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        ctx.state::<Ledger>().unwrap().0.lock().unwrap().push(self.number);
        Ok(Outcome::done())
    }
}

/// What a scenario works with.
pub struct Site {
    pub kind: Kind,
    pub proxy: Proxy,
    pub ledger: Ledger,
    /// Through the proxy.
    pub app: App,
    pub worker: Worker,
    /// By the direct way, as another process.
    direct: App,
}

/// What happens on a site.
pub type Scenario<P, T> = for<'s> fn(&'s Site, P) -> LocalBoxFuture<'s, T>;

/// Where a site is, before it is there.
pub struct Ground {
    kind: Kind,
    url: String,
    prefix: String,
    proxy: Proxy,
    through: String,
}

impl Ground {
    /// Its proxy lives on the runtime of the test.
    pub async fn of(kind: Kind) -> Self {
        let url = tokio::task::spawn_blocking(move || kind.fresh_url()).await.unwrap();
        let (proxy, through) = Proxy::before(&url).await;
        Self { kind, url, prefix: fresh_prefix(), proxy, through }
    }

    /// Plays a scenario and stops the worker; whatever happened, every job has run once, nothing is left, and nobody hangs.
    pub async fn play<P: Send + 'static, T: Send + 'static>(
        self,
        settings: &'static [(&'static str, &'static str)],
        scenario: Scenario<P, T>,
        particulars: P,
    ) -> T {
        let playing = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let outcome = runtime.block_on(async {
                let site = self.build(settings).await;
                let outcome = scenario(&site, particulars).await;
                site.close().await;
                outcome
            });
            let (clock, metrics) = (Stopwatch::start(), runtime.metrics());
            while metrics.num_alive_tasks() > 0 {
                assert!(clock.elapsed() < PATIENCE, "{} tasks hang", metrics.num_alive_tasks());
                std::thread::sleep(Duration::from_millis(10));
            }
            outcome
        };
        tokio::task::spawn_blocking(playing).await.unwrap()
    }

    async fn build(self, settings: &[(&str, &str)]) -> Site {
        let Self { kind, url, prefix, proxy, through } = self;
        let ledger = Ledger::default();
        // This one sets the tables up; it is patient, whatever the site is.
        let direct = App::start(config(kind, &url, &prefix, &[("CONNECTION_TIMEOUT", "60")])).await.unwrap();
        let clock = Stopwatch::start();
        let app = loop {
            let setup = Setup { state: AppState::default().with(ledger.clone()), ..Setup::default() };
            match App::start_with(config(kind, &through, &prefix, settings), setup).await {
                Ok(app) => break app,
                // A busy machine may be too slow for a site that has little patience.
                Err(error) => assert!(clock.elapsed() < PATIENCE, "{kind:?}: {error}"),
            }
        };
        let worker = app.work(false, None).unwrap();
        Site { kind, proxy, ledger, app, worker, direct }
    }
}

fn config(kind: Kind, url: &str, prefix: &str, settings: &[(&str, &str)]) -> Config {
    let own = if kind == Kind::Redis {
        [("QUEUE_CONNECTION", "redis"), ("REDIS_URL", url), ("KEY_PREFIX", prefix)]
    } else {
        [("QUEUE_CONNECTION", "database"), ("DATABASE_URL", url), ("DB_AUTO_MIGRATE", "true")]
    };
    let shared = [("WORKER_COUNT", "5"), ("QUEUE_WORKER_QUEUES", "default"), ("DB_POOL_SIZE", "4")];
    // What is given first holds.
    let all = settings.iter().chain(&own).chain(&shared);
    let environment = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { environment, ..Sources::default() }).unwrap().config
}

impl Site {
    /// Another process pushes jobs.
    pub async fn push(&self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            push(&self.direct.manager, number).await.unwrap();
        }
    }

    /// Waits until the job of that number has begun; how long it took.
    pub async fn begun(&self, number: u64) -> Duration {
        self.until(&format!("job {number} runs"), || self.ledger.order().contains(&number)).await
    }

    pub async fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Duration {
        let clock = Stopwatch::start();
        while !is_so() {
            assert!(clock.elapsed() < PATIENCE, "{:?}: never happened: {what}", self.kind);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        clock.elapsed()
    }

    /// Stops all; by then each job has run once, and the store has counted it once.
    async fn close(self) {
        let Self { kind, ledger, app, worker, direct, proxy } = self;
        let clock = Stopwatch::start();
        let mut stats = stats(&direct).await;
        while stats.counters.processed < stats.counters.enqueued && clock.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
            stats = self::stats(&direct).await;
        }
        let clock = Stopwatch::start();
        worker.stop().await;
        let took = clock.elapsed();
        assert!(took < GRACE + Duration::from_secs(5), "{kind:?}: the worker took {took:?} to stop");
        let runs = ledger.runs();
        let jobs = runs.len() as u64;
        assert!(jobs > 0 && runs.values().all(|runs| *runs == 1), "{kind:?}: a job ran more than once: {runs:?}");
        let mut expected = QueueStats::empty(QueueName::default());
        expected.completed = jobs;
        (expected.counters.enqueued, expected.counters.processed) = (jobs, jobs);
        assert_eq!(stats, expected, "{kind:?}");
        drop((app, direct, proxy));
    }
}

/// Pushes one job; the same number is the same job.
pub async fn push(manager: &QueueManager, number: u64) -> Result<(), DispatchError> {
    let id = format!("00000000-0000-4000-8000-{number:012}").parse().unwrap();
    manager.send(Dispatch::new(&Note { number }).unwrap().id(id)).await.map(drop)
}

async fn stats(app: &App) -> QueueStats {
    app.manager.store().stats(&[QueueName::default()]).await.unwrap().remove(0)
}

impl Ledger {
    pub fn order(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }

    fn runs(&self) -> BTreeMap<u64, usize> {
        let mut runs = BTreeMap::new();
        self.order().into_iter().for_each(|number| *runs.entry(number).or_default() += 1);
        runs
    }
}

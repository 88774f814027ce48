//! Running jobs: one worker per process, with as many slots as it is told.
//!
//! The fetcher reserves, the executor runs each job through its layers, the settler tells the store; heartbeat,
//! promoter, reaper and pruner keep house.

mod attempt;
mod conclusion;
mod control;
mod executor;
mod fetcher;
mod heartbeat;
mod held;
mod lanes;
mod layers;
mod limits;
mod opening;
mod options;
mod order;
mod panics;
mod patience;
mod presence;
mod promoter;
mod pruner;
mod pulse;
mod quiet;
mod reaper;
mod revoked;
mod settler;
mod suspects;
mod telling;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

pub use attempt::{Attempt, AttemptService, Phase, RunJob};
pub use lanes::BlockingPool;
pub use options::{Happened, JobEvent, Observer, Pool, Surroundings, Until, WorkerOptions};
pub use order::{Ordering, PriorityMode, PriorityWeights};

use control::Told;
use executor::Executor;
use fetcher::Fetcher;
use held::Held;
use presence::Teller;
use pulse::Pulse;
use quiet::Quiet;
use reaper::Reaper;
use settler::Settler;

/// How long a stopping worker waits for cancelled jobs to hand in their returns.
const LAST_RETURNS: Duration = Duration::from_millis(200);
/// How long it waits, at least, for the store to take its last settlements.
const LAST_SETTLEMENTS: Duration = Duration::from_millis(400);

/// How often a worker that finishes what it runs looks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A running worker. Dropped without [`stop`](Self::stop), it gives back at once what it runs and ends in the background.
#[derive(Debug)]
pub struct Worker {
    grace: Duration,
    pool: BlockingPool,
    /// Stops fetching and housekeeping.
    stop: CancellationToken,
    told: Told,
    departure: Departure,
    running: TaskTracker,
    services: TaskTracker,
    settler: JoinHandle<()>,
    heartbeat: thread::JoinHandle<()>,
}

impl Worker {
    /// Starts it on the present Tokio runtime. Fails only if the system has no thread left for the heartbeat.
    pub fn start(options: WorkerOptions, surroundings: Surroundings) -> std::io::Result<Self> {
        let held = Arc::new(Held::new(options.policy.max_crashes));
        let (stop, farewell) = (CancellationToken::new(), CancellationToken::new());
        let told = Told {
            restart: CancellationToken::new(),
            leave: CancellationToken::new(),
            stop: stop.clone(),
            quiet: Quiet::new(),
        };
        let (running, services) = (TaskTracker::new(), TaskTracker::new());
        let pool = BlockingPool::new(options.thread_pool_size);
        let pulse = Arc::new(Pulse::default());
        let signs = heartbeat::Signs { held: Arc::clone(&held), pulse: Arc::clone(&pulse) };
        let shares: Vec<_> = options.shares().into_iter().map(|share| (share, TaskTracker::new())).collect();
        let teller = Teller {
            options: options.clone(),
            quiet: told.quiet.clone(),
            running: running.clone(),
            shares: shares.clone(),
            stop: stop.clone(),
        };
        let connect = Arc::clone(&surroundings.connect);
        let heartbeat = heartbeat::start(options.clone(), connect, signs, teller, farewell.clone())?;
        let most = settler::backlog(options.total_slots());
        let (sender, receiver) = mpsc::channel(most);
        let settler = Settler { surroundings: surroundings.clone(), held: Arc::clone(&held), most };
        let settler = tokio::spawn(settler.run(receiver));
        let store = Arc::clone(&surroundings.store);
        let (grace, retention, until) = (options.grace, options.retention, options.until);
        let id = options.id.clone();
        let executor = Arc::new(Executor {
            service: layers::stack(pool.clone()),
            held: Arc::clone(&held),
            settler: sender,
            options,
            surroundings,
        });
        services.spawn(promoter::run(Arc::clone(&store), stop.clone()));
        services.spawn(control::heed(Arc::clone(&store), id, told.clone()));
        services.spawn(pruner::run(store, retention, stop.clone()));
        services.spawn(limits::watch(until, stop.clone()));
        let reaper = Reaper {
            executor: Arc::clone(&executor),
            running: running.clone(),
            stop: stop.clone(),
            pulse,
            unanswered: None,
        };
        services.spawn(reaper.run());
        for (share, own) in shares {
            let slots = Arc::new(Semaphore::new(share.slots));
            let (executor, running) = (Arc::clone(&executor), running.clone());
            let (stop, quiet) = (stop.clone(), told.quiet.clone());
            services.spawn(Fetcher { executor, share, slots, running, own, stop, quiet }.run());
        }
        let departure = Departure { held, stop: stop.clone(), farewell };
        Ok(Self { grace, pool, stop, told, departure, running, services, settler, heartbeat })
    }

    /// Returns once the worker wants to stop by itself, as its [`Until`] says or because operators want workers to start
    /// anew; let it [drain](Self::drained) if it may, and [`stop`](Self::stop) it then.
    pub async fn finished(&self) {
        self.stop.cancelled().await;
    }

    /// Returns once a worker that has [`finished`](Self::finished) has run what it had begun, and the store knows of it; at
    /// once if it was told to leave: then it is for [`stop`](Self::stop) to say how long what runs may take.
    pub async fn drained(&self) {
        if self.is_told_to_leave() {
            return;
        }
        // The fetchers first: an answer that is still under way may start jobs.
        self.services.close();
        self.services.wait().await;
        self.running.close();
        self.running.wait().await;
        while !self.departure.held.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether it has finished so that another one takes its place.
    pub fn wants_restart(&self) -> bool {
        self.told.restart.is_cancelled()
    }

    /// Whether it has finished because an operator has told it to stop, and wants no other in its place.
    pub fn is_told_to_leave(&self) -> bool {
        self.told.leave.is_cancelled()
    }

    /// Reads how many jobs run now.
    pub fn busy(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let running = self.running.clone();
        move || running.len()
    }

    /// The pool of the blocking lane, to read its use.
    pub fn pool(&self) -> &BlockingPool {
        &self.pool
    }

    /// Stops reserving, lets running jobs finish for the grace period, gives the rest back without using an attempt,
    /// and takes its leave of the store. Takes a second longer than the grace period at the most, whatever the store does.
    pub async fn stop(self) {
        let grace_ends = Instant::now() + self.grace;
        self.stop.cancel();
        self.running.close();
        self.services.close();
        let finished = async {
            // The fetcher first: an answer that is still under way may start jobs.
            self.services.wait().await;
            self.running.wait().await;
        };
        if timeout_at(grace_ends, finished).await.is_err() {
            info!(jobs = self.running.len(), "grace period over: giving back what still runs");
            self.departure.held.give_back_all();
            // A cancelled job hands in its return at once; only a `failed` method can still be under way.
            let _ = timeout(LAST_RETURNS, self.running.wait()).await;
        }
        let settled = async {
            // With the last fetcher and job gone so is the settler's last sender, and it ends when all is told.
            self.services.wait().await;
            self.settler.await
        };
        let last_settlements = grace_ends.max(Instant::now() + LAST_SETTLEMENTS);
        if timeout_at(last_settlements, settled).await.is_err() {
            warn!("the store did not take the last results in time; those jobs will run again");
        }
        self.departure.farewell.cancel();
        let left = tokio::task::spawn_blocking(move || self.heartbeat.join());
        if timeout(heartbeat::FAREWELL * 2, left).await.is_err() {
            warn!("the heartbeat did not end in time");
        }
    }
}

/// What a worker leaves behind is settled, however it goes.
#[derive(Debug)]
struct Departure {
    held: Arc<Held>,
    stop: CancellationToken,
    /// Stops the heartbeat, last of all.
    farewell: CancellationToken,
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.stop.cancel();
        self.held.give_back_all();
        self.farewell.cancel();
    }
}

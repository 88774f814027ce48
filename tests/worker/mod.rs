//! The worker, running real jobs on the memory store and the machine's own clock.

mod blocking;
mod control;
mod doomed;
mod failing;
mod faults;
mod guarded;
mod handlers;
mod history;
mod instructions;
mod jobs;
mod leases;
mod middleware;
mod pools;
mod presence;
mod priorities;
mod running;
mod secrets;
mod stopping;
mod unruly;
mod waking;

use std::sync::Arc;
use std::time::Duration;

use journeyman::clock::{Clock, SystemClock};
use journeyman::drivers::memory::MemoryStore;
use journeyman::job::{AppState, Dispatch, Job, JobId, QueueName};
use journeyman::queue::{Found, JobRecord, QueueManager, State, Store, WorkerId};
use journeyman::worker::{Observer, Surroundings, Worker, WorkerOptions};

use crate::support::eventually;
use jobs::Diary;

/// A store, a way in, and what the test jobs write down.
struct Rig {
    store: Arc<dyn Store>,
    manager: QueueManager,
    diary: Diary,
}

impl Rig {
    fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::default()))
    }

    fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::on(Arc::new(MemoryStore::new(clock)))
    }

    fn on(store: Arc<dyn Store>) -> Self {
        let manager = QueueManager::new(Arc::clone(&store), journeyman::queue::Routing::default());
        Self { store, manager, diary: Diary::default() }
    }

    /// A worker with short times, so that tests are; change what matters.
    fn options(&self) -> WorkerOptions {
        WorkerOptions {
            lease: Duration::from_secs(1),
            heartbeat: Duration::from_millis(100),
            sleep: Duration::from_millis(200),
            grace: Duration::from_secs(2),
            ..WorkerOptions::new(WorkerId::new("tester").unwrap())
        }
    }

    fn work(&self, options: WorkerOptions) -> Worker {
        self.work_observed(options, None)
    }

    fn work_observed(&self, options: WorkerOptions, observer: Option<Observer>) -> Worker {
        let store = Arc::clone(&self.store);
        let surroundings = Surroundings {
            store: Arc::clone(&store),
            connect: Arc::new(move || {
                let store = Arc::clone(&store);
                Box::pin(async move { Ok(store) })
            }),
            dispatcher: Arc::new(self.manager.clone()),
            routing: Arc::clone(self.manager.routing()),
            state: Arc::new(AppState::default().with(self.diary.clone())),
            observer,
        };
        Worker::start(options, surroundings).unwrap()
    }

    fn start(&self) -> Worker {
        self.work(self.options())
    }

    async fn push(&self, job: &dyn Job) -> JobId {
        self.manager.push(job).await.unwrap().id
    }

    async fn send(&self, dispatch: Dispatch) -> JobId {
        self.manager.send(dispatch).await.unwrap().id
    }

    async fn record(&self, id: JobId) -> JobRecord {
        match self.store.find(id).await.unwrap() {
            Found::Here(record) => *record,
            other => panic!("{id}: {other:?}"),
        }
    }

    /// Waits until the job is in `state` and returns its record.
    async fn until(&self, id: JobId, state: State) -> JobRecord {
        eventually(&format!("job {id} {state}"), async || self.record(id).await.state == state).await;
        self.record(id).await
    }

    async fn until_noted(&self, note: &str) {
        eventually(&format!("a job notes {note:?}"), async || self.diary.notes().iter().any(|n| n == note)).await;
    }
}

fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

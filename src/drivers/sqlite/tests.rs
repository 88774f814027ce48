//! What the conformance suite does not reach.

mod full;
mod known;
mod late;
mod migration;
mod notes;
mod plans;

use std::path::PathBuf;
use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use journeyman_job::{JobId, Priority, QueueName, When};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::error::Failure;
use super::group::{Change, Group};
use super::{SqliteOptions, SqliteStore};
use crate::chance;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::queue::{
    Driver, Envelope, Found, Inspector, NewJob, PushOutcome, ReserveRequest, ReservedJob, Settle, Settled, Settlement,
    State, StoreError, Unit, WorkerId,
};

const LEASE: Duration = Duration::from_secs(30);

/// A folder with a database in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("data/journeyman.db")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        PathBuf::from(format!("{}{suffix}", self.path().display()))
    }

    fn open(&self) -> SqliteStore {
        self.open_with(SqliteOptions::default())
    }

    fn open_with(&self, options: SqliteOptions) -> SqliteStore {
        SqliteStore::open_with(&self.path(), Arc::new(SystemClock::default()), options).unwrap()
    }
}

fn job_of(body: &[u8]) -> NewJob {
    let queue = QueueName::default();
    let envelope = Envelope {
        id: JobId::generate(&queue),
        queue,
        priority: Priority::Normal,
        body: bytes::Bytes::copy_from_slice(body),
    };
    NewJob::new(envelope, When::Now)
}

fn jobs(count: usize) -> Vec<NewJob> {
    (0..count).map(|_| job_of(&[b'x'; 200])).collect()
}

async fn reserve(store: &SqliteStore, worker: &str, max: usize) -> Result<Vec<ReservedJob>, StoreError> {
    let (worker, queues) = (WorkerId::new(worker).unwrap(), [QueueName::default()]);
    let call = chance::call_id();
    let request = ReserveRequest {
        worker: &worker,
        queues: &queues,
        order: Priority::DESCENDING,
        max,
        lease: LEASE,
        call,
        is_repeat: false,
    };
    Ok(store.reserve(&request).await?.jobs)
}

fn completed(job: &ReservedJob) -> Settle {
    let trail = bytes::Bytes::from_static(&[b't'; 150]);
    Settle {
        reservation: job.reservation.clone(),
        settlement: Settlement::Complete,
        trail,
        counted: None,
        then: Vec::new(),
    }
}

async fn state(store: &SqliteStore, id: JobId) -> Option<State> {
    match store.find(id).await.unwrap() {
        Found::Here(record) => Some(record.state),
        Found::Expired | Found::Nothing => None,
    }
}

/// Holds the writer up until told to go on, so that what comes meanwhile forms one group.
#[derive(Debug)]
struct Gate {
    entered: Arc<Notify>,
    open: Mutex<blocking::Receiver<()>>,
}

impl Gate {
    /// The gate, what tells that the writer stands before it, and what opens it.
    fn new() -> (Self, Arc<Notify>, blocking::Sender<()>) {
        let (opener, open) = blocking::channel();
        let entered = Arc::new(Notify::new());
        (Self { entered: Arc::clone(&entered), open: Mutex::new(open) }, entered, opener)
    }
}

impl Change for Gate {
    type Answer = ();

    fn apply(&self, _: &mut Group<'_>) -> Result<(), Failure> {
        self.entered.notify_one();
        let _ = self.open.lock().unwrap().recv();
        Ok(())
    }

    fn weight(&self) -> usize {
        1
    }
}

/// Deletes everything and then goes wrong.
#[derive(Debug)]
struct Poison {
    panics: bool,
}

impl Change for Poison {
    type Answer = ();

    fn apply(&self, group: &mut Group<'_>) -> Result<(), Failure> {
        group.statement("DELETE FROM queue_jobs")?.execute([])?;
        assert!(!self.panics, "poison");
        group.statement("INSERT INTO no_such_table VALUES (1)")?.execute([])?;
        Ok(())
    }

    fn weight(&self) -> usize {
        1
    }
}

#[tokio::test]
async fn one_bad_change_in_a_group_breaks_no_other() {
    let place = Place::new();
    let store = place.open();
    for panics in [false, true] {
        let (gate, entered, opener) = Gate::new();
        let (before, after) = (jobs(3), jobs(3));
        let in_one_group = async {
            entered.notified().await;
            tokio::join!(
                store.push(&before, Unit::Queue),
                store.change(Poison { panics }),
                store.push(&after, Unit::Queue),
                async move {
                    opener.send(()).unwrap();
                }
            )
        };
        let (passed, (first, poisoned, second, ())) = tokio::join!(store.change(gate), in_one_group);
        passed.unwrap();
        let stored = vec![PushOutcome::Stored { delayed: false }; 3];
        assert_eq!((first.unwrap(), second.unwrap()), (stored.clone(), stored));
        match poisoned.unwrap_err() {
            StoreError::Refused(message) => assert!(!panics, "{message}"),
            StoreError::Unavailable(message) => assert_eq!((panics, &*message), (true, "a change panicked: poison")),
            other => panic!("{other:?}"),
        }
        for job in before.iter().chain(&after) {
            assert_eq!(state(&store, job.id()).await, Some(State::Pending));
        }
    }
    let stats = store.stats(&[QueueName::default()]).await.unwrap().pop().unwrap();
    assert_eq!((stats.total_pending(), stats.counters.enqueued), (12, 12));
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_done() {
    let place = Place::new();
    let store = place.open();
    let (gate, entered, opener) = Gate::new();
    let given_up = jobs(1);
    let giving_up = async {
        entered.notified().await;
        let timed_out = tokio::time::timeout(Duration::from_millis(20), store.push(&given_up, Unit::Queue)).await;
        opener.send(()).unwrap();
        timed_out
    };
    let (_, timed_out) = tokio::join!(store.change(gate), giving_up);
    assert!(timed_out.is_err());
    assert_eq!(state(&store, given_up[0].id()).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_handles_under_load_share_the_jobs_of_one_file() {
    const JOBS: usize = 600;
    let place = Place::new();
    let stores = [Arc::new(place.open()), Arc::new(place.open())];
    let mut tasks = tokio::task::JoinSet::new();
    for (index, store) in stores.iter().cloned().enumerate() {
        let pusher = Arc::clone(&store);
        tasks.spawn(async move {
            for chunk in jobs(JOBS / 2).chunks(10) {
                pusher.push(chunk, Unit::Queue).await.unwrap();
            }
            0
        });
        tasks.spawn(async move {
            let (mut done, mut idle) = (0, 0);
            while idle < 200 {
                let taken = reserve(&store, &format!("worker-{index}"), 7).await.unwrap();
                idle = if taken.is_empty() { idle + 1 } else { 0 };
                if taken.is_empty() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let batch: Vec<Settle> = taken.iter().map(completed).collect();
                let outcomes = store.settle(&batch).await.unwrap();
                assert!(outcomes.iter().all(|outcome| *outcome == Settled::Done), "{outcomes:?}");
                done += taken.len();
            }
            done
        });
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(done, JOBS);
    let stats = stores[0].stats(&[QueueName::default()]).await.unwrap().pop().unwrap();
    assert_eq!((stats.size(), stats.completed, stats.counters.processed), (0, 600, 600));
}

#[tokio::test]
async fn a_push_wakes_the_workers_of_another_handle() {
    let place = Place::new();
    let (pushing, waiting) = (place.open(), place.open());
    let wakeups = waiting.wakeups(&[QueueName::default()]);
    pushing.push(&jobs(1), Unit::Queue).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), wakeups.next()).await.expect("a hint");
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let _store = place.open();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.path().parent().unwrap().to_path_buf()), 0o700);
    for suffix in ["", "-wal", "-shm", "-wake"] {
        assert_eq!(mode(place.beside(suffix)), 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn a_file_opened_again_has_kept_everything() {
    let place = Place::new();
    let pushed = jobs(2);
    let store = place.open();
    store.push(&pushed, Unit::Queue).await.unwrap();
    let held = reserve(&store, "worker", 1).await.unwrap();
    let queues = [QueueName::default()];
    let before = (store.find(pushed[0].id()).await, store.find(pushed[1].id()).await, store.stats(&queues).await);
    drop(store);
    let store = place.open();
    let after = (store.find(pushed[0].id()).await, store.find(pushed[1].id()).await, store.stats(&queues).await);
    assert_eq!(after, before);
    assert_eq!(store.settle(&[completed(&held[0])]).await.unwrap(), [Settled::Done]);
}

#[test]
fn a_file_of_a_newer_version_is_not_opened() {
    let place = Place::new();
    drop(place.open());
    rusqlite::Connection::open(place.path()).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = SqliteStore::open(&place.path(), Arc::new(SystemClock::default()));
    assert!(matches!(&refused, Err(StoreError::Refused(message)) if message.contains("newer version")), "{refused:?}");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    std::fs::write(place.path(), [b'?'; 8192]).unwrap();
    let refused = SqliteStore::open(&place.path(), Arc::new(SystemClock::default()));
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn dropping_the_store_ends_its_threads() {
    let place = Place::new();
    let clock = Arc::new(SystemClock::default());
    let alive = Arc::downgrade(&clock);
    let store = SqliteStore::open(&place.path(), clock).unwrap();
    store.push(&jobs(1), Unit::Queue).await.unwrap();
    assert!(place.beside("-wal").exists());
    drop(store);
    assert!(alive.upgrade().is_none(), "the writer has let go of its clock");
    // SQLite removes the log when the last connection closes: the readers have closed theirs.
    assert!(!place.beside("-wal").exists());
}

#[tokio::test]
async fn p10_the_stores_time_never_runs_backwards() {
    #[derive(Debug)]
    struct Jumping(Mutex<Vec<i64>>);
    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.lock().unwrap().pop().unwrap_or(5))
        }
    }
    let place = Place::new();
    let store = SqliteStore::open(&place.path(), Arc::new(Jumping(Mutex::new(vec![2, 1_000])))).unwrap();
    store.push(&jobs(1), Unit::Queue).await.unwrap();
    let held = reserve(&store, "worker", 1).await.unwrap();
    assert_eq!(held[0].reserved_at, Timestamp::from_micros(1_000));
}

#[tokio::test]
async fn a_held_file_is_unavailable_and_then_available_again() {
    let place = Place::new();
    let options = SqliteOptions { busy_timeout: Duration::from_millis(50), ..SqliteOptions::default() };
    let store = place.open_with(options);
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.push(&jobs(1), Unit::Queue).await, Err(StoreError::Unavailable(_))));
    // Who looks does not wait for who writes.
    store.ping().await.unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    store.push(&jobs(1), Unit::Queue).await.unwrap();
}

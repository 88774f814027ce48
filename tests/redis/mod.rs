//! What only Redis can do to us.

pub mod cluster;
mod crashes;
mod damaged;
mod instructions;
mod many;
mod paging;
mod pushing;
pub mod server;

use std::time::Duration;

use bytes::Bytes;
use journeyman::chance;
use journeyman::clock::Stopwatch;
use journeyman::drivers::redis::{RedisOptions, RedisStore, StoreTime};
use journeyman::job::{JobId, Priority, QueueName, When};
use journeyman::queue::{
    Driver, Envelope, Found, Inspector, NewJob, PushOutcome, ReserveRequest, ReservedJob, Settle, Settled, Settlement,
    State, StoreError, Unit, WorkerId,
};

use self::server::Server;
use crate::support::eventually;

const TIMEOUT: Duration = Duration::from_secs(1);
/// Longest that any call may take: its timeout, and the patience for a connection.
const BOUND: Duration = Duration::from_millis(2_200);

fn options(server: &Server) -> RedisOptions {
    RedisOptions {
        url: server.url(),
        key_prefix: "journeyman:".to_owned(),
        command_timeout: TIMEOUT,
        max_connection_retries: 1,
        allow_eviction: false,
    }
}

async fn open(server: &Server) -> RedisStore {
    RedisStore::connect(options(server), StoreTime::Server).await.unwrap()
}

fn queue() -> QueueName {
    QueueName::default()
}

fn job_of(bytes: usize) -> NewJob {
    let queue = queue();
    let body = Bytes::from(vec![b'x'; bytes]);
    let envelope = Envelope { id: JobId::generate(&queue), queue, priority: Priority::Normal, body };
    NewJob::new(envelope, When::Now)
}

fn job() -> NewJob {
    job_of(20)
}

async fn push(store: &RedisStore, count: usize) -> Vec<JobId> {
    let jobs: Vec<NewJob> = (0..count).map(|_| job()).collect();
    assert_eq!(store.push(&jobs, Unit::Queue).await.unwrap(), vec![PushOutcome::Stored { delayed: false }; count]);
    jobs.iter().map(NewJob::id).collect()
}

async fn reserve(store: &RedisStore, max: usize) -> Result<Vec<ReservedJob>, StoreError> {
    reserve_from(store, queue().as_str(), max).await
}

async fn reserve_from(store: &RedisStore, name: &str, max: usize) -> Result<Vec<ReservedJob>, StoreError> {
    let (worker, queues) = (WorkerId::new("w").unwrap(), [QueueName::new(name).unwrap()]);
    let (lease, call) = (Duration::from_secs(30), chance::call_id());
    let request = ReserveRequest {
        worker: &worker,
        queues: &queues,
        order: Priority::DESCENDING,
        max,
        lease,
        call,
        is_repeat: false,
    };
    store.reserve(&request).await.map(|reserved| reserved.jobs)
}

async fn complete(store: &RedisStore, jobs: &[ReservedJob]) -> Result<Vec<Settled>, StoreError> {
    settle(store, jobs, &Settlement::Complete).await
}

async fn settle(store: &RedisStore, jobs: &[ReservedJob], settlement: &Settlement) -> Result<Vec<Settled>, StoreError> {
    settle_leaving(store, jobs, settlement, b"{}").await
}

async fn settle_leaving(
    store: &RedisStore,
    jobs: &[ReservedJob],
    settlement: &Settlement,
    trail: &'static [u8],
) -> Result<Vec<Settled>, StoreError> {
    let settle = |job: &ReservedJob| Settle {
        reservation: job.reservation.clone(),
        settlement: settlement.clone(),
        trail: Bytes::from_static(trail),
        counted: None,
        then: Vec::new(),
    };
    store.settle(&jobs.iter().map(settle).collect::<Vec<_>>()).await
}

async fn state(store: &RedisStore, id: JobId) -> Option<State> {
    match store.find(id).await.unwrap() {
        Found::Here(record) => Some(record.state),
        _ => None,
    }
}

/// How long a call took, and that it did not take too long.
async fn bounded<T>(call: impl Future<Output = T>) -> T {
    let clock = Stopwatch::start();
    let result = call.await;
    assert!(clock.elapsed() < BOUND, "{:?}", clock.elapsed());
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r32_forgotten_scripts_are_loaded_again() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for _ in 0..3 {
        let ids = push(&store, 2).await;
        server.ask(&["SCRIPT", "FLUSH"]);
        let taken = reserve(&store, 9).await.unwrap();
        server.ask(&["SCRIPT", "FLUSH"]);
        assert_eq!(complete(&store, &taken).await.unwrap(), [Settled::Done; 2]);
        server.ask(&["SCRIPT", "FLUSH"]);
        assert_eq!(state(&store, ids[0]).await, Some(State::Completed));
    }
}

/// R35: without persistence the jobs are gone, but the process goes on, and a new job is found by the housekeepers too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_a_restarted_server_is_found_again() {
    let mut server = Server::start(&[]);
    let store = open(&server).await;
    push(&store, 1).await;
    server.kill();
    for _ in 0..3 {
        let error = bounded(store.push(&[job()], Unit::Queue)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_) | StoreError::Unknown(_)), "{error:?}");
        let error = bounded(reserve(&store, 1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_) | StoreError::Unknown(_)), "{error:?}");
    }
    server.start_again();
    eventually("the store answers again", async || store.ping().await.is_ok()).await;
    let job = job();
    let pushed = async || store.push(std::slice::from_ref(&job), Unit::Queue).await.is_ok();
    eventually("a push succeeds again", pushed).await;
    assert_eq!(store.queues().await.unwrap(), [queue()]);
    assert_eq!(reserve(&store, 9).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_lost_data_does_not_hide_a_queue_from_the_housekeepers() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    push(&store, 1).await;
    server.ask(&["FLUSHALL"]);
    push(&store, 1).await;
    assert_eq!(store.queues().await.unwrap(), [queue()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_a_server_that_hangs_does_not_hang_us() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    push(&store, 1).await;
    server.freeze(true);
    let error = bounded(store.push(&[job()], Unit::Queue)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unknown(_)), "{error:?}");
    let error = bounded(reserve(&store, 1)).await.unwrap_err();
    assert!(error.is_passing(), "{error:?}");
    server.freeze(false);
    eventually("the store answers again", async || store.ping().await.is_ok()).await;
    push(&store, 1).await;
}

/// S1: every check comes before the first write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_a_wrong_type_is_refused_and_nothing_half_done() {
    let server = Server::start(&[]);
    for key in ["", ":delayed", ":jobs", ":stats"] {
        server.ask(&["FLUSHALL"]);
        let store = open(&server).await;
        server.ask(&["SET", &format!("journeyman:queue:{{default}}{key}"), "by hand"]);
        let later = NewJob { when: When::After(TIMEOUT), ..job() };
        let error = bounded(store.push(&[job(), later], Unit::Queue)).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused(text) if text.contains("WRONGTYPE")), "{key}: {error:?}");
        // The name of the queue and the key put there by hand.
        assert_eq!(server.ask(&["DBSIZE"]).lines().next(), Some(":2"), "{key}");
        if key != ":delayed" {
            let error = bounded(store.push(&[job()], Unit::Queue)).await.unwrap_err();
            assert!(matches!(&error, StoreError::Refused(text) if text.contains("WRONGTYPE")), "{key}: {error:?}");
            assert_eq!(server.ask(&["DBSIZE"]).lines().next(), Some(":2"), "{key}");
        }
    }
    let store = open(&server).await;
    for key in [":state", ":leases", ":reserved:w"] {
        server.ask(&["FLUSHALL"]);
        let id = push(&store, 1).await[0];
        let key = format!("journeyman:queue:{{default}}{key}");
        server.ask(&["SET", &key, "by hand"]);
        let error = bounded(reserve(&store, 1)).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused(_)), "{key}: {error:?}");
        server.ask(&["DEL", &key]);
        assert_eq!(reserve(&store, 1).await.unwrap()[0].reservation.job, id, "{key}");
    }
    for key in ["queue:{default}:completed", "queue:{default}:stats", "queue:{default}:reserved:w"] {
        server.ask(&["FLUSHALL"]);
        push(&store, 1).await;
        let taken = reserve(&store, 1).await.unwrap();
        let (key, aside) = (format!("journeyman:{key}"), "journeyman:{default}:aside");
        server.ask(&["RENAME", &key, aside]);
        server.ask(&["SET", &key, "by hand"]);
        assert!(matches!(complete(&store, &taken).await, Err(StoreError::Refused(_))), "{key}");
        server.ask(&["DEL", &key]);
        server.ask(&["RENAME", aside, &key]);
        assert_eq!(complete(&store, &taken).await.unwrap(), [Settled::Done], "{key}");
    }
}

/// S10: one bad record never stops the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_without_a_job_is_put_aside() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    server.ask(&["LPUSH", "journeyman:queue:{default}", "not an id", "0123456789abcdef"]);
    let ids = push(&store, 2).await;
    let taken = reserve(&store, 2).await.unwrap();
    assert_eq!(taken.iter().map(|job| job.reservation.job).collect::<Vec<_>>(), ids);
    assert_eq!(server.ask(&["LLEN", "journeyman:queue:{default}:quarantine"]).lines().next(), Some(":2"));
}

#[tokio::test]
async fn r36_a_server_that_evicts_is_refused() {
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let error = RedisStore::connect(options(&server), StoreTime::Server).await.unwrap_err();
    let StoreError::Refused(text) = error else { panic!("{error:?}") };
    assert!(text.contains("allkeys-lru") && text.contains("noeviction"), "{text}");
}

/// R36: unless it is forced, and then it is told.
#[tokio::test]
async fn r36_a_server_that_evicts_is_used_if_the_settings_say_so() {
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let forced = RedisOptions { allow_eviction: true, ..options(&server) };
    let store = RedisStore::connect(forced, StoreTime::Server).await.unwrap();
    let found = store.durability().await.unwrap();
    assert!(found.starts_with("evicting: ") && found.contains("allkeys-lru") && found.contains("memory: "), "{found}");
}

/// R36: readiness asks for it, so a policy that changes while we are connected is told too.
#[tokio::test]
async fn r36_a_server_that_begins_to_evict_is_not_ready() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    assert!(store.durability().await.is_ok());
    server.ask(&["CONFIG", "SET", "maxmemory-policy", "volatile-ttl"]);
    let error = store.durability().await.unwrap_err();
    assert!(error.to_string().contains("volatile-ttl"), "{error}");
}

/// S7: a full Redis takes no more jobs, runs those it has, and then has room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r36_a_full_server_drains() {
    let server = Server::start(&["--maxmemory", "8mb"]);
    let store = open(&server).await;
    let mut stored = 0;
    let error = loop {
        match store.push(&[job_of(20_000)], Unit::Queue).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    assert!(stored > 50);
    let mut done = 0;
    while done < stored {
        let taken = reserve(&store, 20).await.unwrap();
        assert!(!taken.is_empty(), "{done} of {stored}");
        assert_eq!(complete(&store, &taken).await.unwrap(), vec![Settled::Done; taken.len()]);
        done += taken.len();
    }
    let nothing = journeyman::queue::Retention { ttl: Duration::ZERO, max_records: 0 };
    assert_eq!(store.prune(nothing, 10_000).await.unwrap(), stored);
    eventually("there is room again", async || store.push(&[job_of(20_000)], Unit::Queue).await.is_ok()).await;
}

/// R49: nobody has to guess what was tried, and nobody learns the password.
#[tokio::test]
async fn r35_a_failed_start_says_where_and_why() {
    let mut server = Server::start(&["--requirepass", "right"]);
    let of = |password: &str| RedisOptions {
        url: server.url().replace("//", &format!("//:{password}@")),
        ..options(&server)
    };
    let (right, wrong) = (of("right"), of("hunter2"));
    assert!(RedisStore::connect(right.clone(), StoreTime::Server).await.is_ok());
    let refused = bounded(RedisStore::connect(wrong, StoreTime::Server)).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Refused(text) if text.contains(":***@127.0.0.1")), "{refused:?}");
    assert!(!refused.to_string().contains("hunter2"));
    server.kill();
    let unavailable = bounded(RedisStore::connect(right, StoreTime::Server)).await.unwrap_err();
    assert!(
        matches!(&unavailable, StoreError::Unavailable(text) if text.contains(":***@127.0.0.1")),
        "{unavailable:?}"
    );
}

/// R36
#[tokio::test]
async fn r36_the_durability_found_is_told() {
    for (flags, word) in [
        (&[][..], "memory: "),
        (&["--appendonly", "yes"], "everysec: "),
        (&["--appendonly", "yes", "--appendfsync", "always"], "fsync: "),
        (&["--save", "3600 1"], "snapshots: "),
    ] {
        let store = open(&Server::start(flags)).await;
        drop(store);
        let server = Server::start(flags);
        let found = open(&server).await.durability().await.unwrap();
        assert!(found.starts_with(word), "{found}");
    }
}

/// S14: hints reach another process, and still do after an outage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_wakes_workers_of_other_processes() {
    let mut server = Server::start(&[]);
    let (one, other) = (open(&server).await, open(&server).await);
    let wakeups = other.wakeups(&[queue()]);
    push(&one, 1).await;
    tokio::time::timeout(TIMEOUT, wakeups.next()).await.expect("a hint");
    server.kill();
    server.start_again();
    tokio::time::timeout(TIMEOUT * 4, wakeups.next()).await.expect("a hint after the outage, in case one was missed");
    eventually("a push wakes again", async || {
        if reserve(&one, 100).await.is_err() || one.push(&[job()], Unit::Queue).await.is_err() {
            return false;
        }
        tokio::time::timeout(TIMEOUT / 5, wakeups.next()).await.is_ok()
    })
    .await;
}

/// A worker's heartbeat has a thread and runtime of its own.
#[test]
fn stores_on_several_runtimes_end_with_their_owners() {
    let server = Server::start(&[]);
    let clients = || server.ask(&["CLIENT", "LIST"]).matches("fd=").count();
    let before = clients();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let options = options(&server);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let store = RedisStore::connect(options, StoreTime::Server).await.unwrap();
                    push(&store, 5).await;
                    assert!(!reserve(&store, 5).await.unwrap().is_empty());
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(clients(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_store_leaves_no_connection() {
    let server = Server::start(&[]);
    let clients = || server.ask(&["CLIENT", "LIST"]).matches("fd=").count();
    let before = clients();
    let store = open(&server).await;
    assert!(clients() > before);
    drop(store);
    eventually("its connections are closed", async || clients() == before).await;
}

/// R19, P10: the server's clock decides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p10_a_delay_runs_on_the_servers_clock() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let delay = Duration::from_millis(150);
    store.push(&[NewJob { when: When::After(delay), ..job() }], Unit::Queue).await.unwrap();
    assert!(reserve(&store, 1).await.unwrap().is_empty());
    let clock = Stopwatch::start();
    eventually("it comes due", async || !reserve(&store, 1).await.unwrap().is_empty()).await;
    assert!(clock.elapsed() > delay / 2);
}

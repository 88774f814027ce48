//! Requests: what goes in comes out again byte for byte, and nothing that is asked is the server's fault.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
// Its types are those that the requests name.
use jobs as _;
use journeyman::clock::{Clock, SystemClock};
use journeyman::drivers::memory::MemoryStore;
use journeyman::drivers::sqlite::SqliteStore;
use journeyman::http::{ApiLimits, ApiState, Builtins, Edge, PoolGauge, WorkerGauge, router};
use journeyman::job::{JobId, Priority, QueueName};
use journeyman::queue::operations::Operations;
use journeyman::queue::{
    Body as Stored, CallId, Found, QueueManager, ReserveRequest, Routing, Settle, Settled, Settlement, State, Store,
    Trail, WorkerId,
};
use journeyman::webhook::Rules;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Jobs that went in and came out again.
pub static ROUND_TRIPS: AtomicU64 = AtomicU64::new(0);

struct Bench {
    runtime: Runtime,
    apis: [(Router, Arc<dyn Store>); 2],
    _dir: TempDir,
}

/// One for the process: a memory store and a SQLite file, each behind an API that takes the trial jobs.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("one");
        let dir = tempfile::tempdir().expect("a folder");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let _entered = runtime.enter();
        let sqlite = SqliteStore::open(&dir.path().join("fuzz.db"), Arc::clone(&clock)).expect("a store");
        let stores: [Arc<dyn Store>; 2] = [Arc::new(MemoryStore::new(Arc::clone(&clock))), Arc::new(sqlite)];
        let apis = stores.map(|store| (api(Arc::clone(&store), Arc::clone(&clock)), store));
        drop(_entered);
        Bench { runtime, apis, _dir: dir }
    })
}

fn api(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Router {
    router(ApiState {
        operations: Operations::new(Arc::clone(&store), []),
        manager: QueueManager::new(store, Routing::default()),
        limits: ApiLimits { max_body: 1200 * 1024, body_timeout: Duration::from_secs(5), max_depth: 64 },
        pool: PoolGauge::default(),
        circuit: None,
        metrics: None,
        workers: WorkerGauge::default(),
        edge: Edge::default(),
        clock,
        store_name: "fuzzed".into(),
        shutdown: CancellationToken::new(),
        dashboard: false,
        examples: true,
        builtins: Builtins::default(),
        callbacks: Rules::default(),
    })
}

async fn ask(router: &Router, method: Method, path: &str, body: &[u8]) -> Option<(StatusCode, Vec<u8>)> {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    // Not every text is an address that could be sent.
    let request = request.body(Body::from(body.to_vec())).ok()?;
    let (parts, body) = router.clone().oneshot(request).await.ok()?.into_parts();
    Some((parts.status, body.collect().await.ok()?.to_bytes().to_vec()))
}

/// The part of an enqueue that must come back as it was.
#[derive(Deserialize)]
struct Given<'a> {
    #[serde(borrow)]
    task_data: Option<&'a RawValue>,
}

pub fn enqueue(bytes: &[u8]) {
    let bench = bench();
    for (router, store) in &bench.apis {
        bench.runtime.block_on(async {
            let (status, answer) = ask(router, Method::POST, "/api/queue/enqueue", bytes).await.expect("an answer");
            assert!(status.as_u16() < 500, "{status} {}", String::from_utf8_lossy(&answer));
            let batch = [b"{\"tasks\":[", bytes, b"]}"].concat();
            let (told, _) = ask(router, Method::POST, "/api/queue/enqueue/batch", &batch).await.expect("an answer");
            assert!(told.as_u16() < 500, "{told} of a batch");
            if status.is_success() {
                comes_out(store.as_ref(), bytes, &answer).await;
            }
        });
    }
}

/// Found and taken, the job holds the payload byte for byte.
async fn comes_out(store: &dyn Store, sent: &[u8], answer: &[u8]) {
    let answer: Value = serde_json::from_slice(answer).expect("JSON");
    let id: JobId = answer["task_id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let given: Given<'_> = serde_json::from_slice(sent).expect("it was taken");
    let payload = given.task_data.map_or("{}", RawValue::get);
    let Ok(Found::Here(record)) = store.find(id).await else { panic!("{id} was stored") };
    let body = Stored::read(&record.body).expect("a body");
    assert_eq!(body.data.get(), payload);
    ROUND_TRIPS.fetch_add(1, Ordering::Relaxed);
    if record.state != State::Pending {
        return;
    }
    let taken = drain(store, &record.queue).await;
    assert!(taken.iter().any(|(taken, body)| *taken == id && *body == record.body), "{id} was not handed out");
}

/// Takes all that waits in a queue and ends it; what it was.
async fn drain(store: &dyn Store, queue: &QueueName) -> Vec<(JobId, bytes::Bytes)> {
    let worker = WorkerId::new("fuzz").expect("a name");
    let queues = [queue.clone()];
    let mut all = Vec::new();
    loop {
        let request = ReserveRequest {
            worker: &worker,
            queues: &queues,
            order: Priority::DESCENDING,
            max: 100,
            lease: Duration::from_secs(3600),
            call: CallId(journeyman::chance::call_id().0),
            is_repeat: false,
        };
        let jobs = store.reserve(&request).await.expect("a reserve").jobs;
        if jobs.is_empty() {
            return all;
        }
        let ended = |reservation| Settle {
            reservation,
            settlement: Settlement::Complete,
            trail: Trail::default().encode(),
            counted: None,
            then: Vec::new(),
        };
        let settles: Vec<Settle> = jobs.iter().map(|job| ended(job.reservation.clone())).collect();
        assert!(store.settle(&settles).await.expect("a settle").iter().all(|settled| *settled == Settled::Done));
        all.extend(jobs.into_iter().map(|job| (job.reservation.job, job.body)));
    }
}

/// The text is the query of each route that reads one, and a part of its path.
pub fn query(bytes: &[u8]) {
    let bench = bench();
    let text = String::from_utf8_lossy(bytes);
    let paths = [
        format!("/api/queue/jobs?{text}"),
        format!("/api/queue/failed?{text}"),
        format!("/api/queue/stats?{text}"),
        format!("/api/queue/stats/{text}"),
        format!("/api/queue/status/{text}"),
        format!("/docs/{text}"),
        text.to_string(),
    ];
    for (router, _) in &bench.apis {
        for path in &paths {
            let answered = bench.runtime.block_on(ask(router, Method::GET, path, b""));
            if let Some((status, _)) = answered {
                assert!(status.as_u16() < 500, "{status} at {path:?}");
            }
        }
        let post = format!("/api/queue/pause?{text}");
        if let Some((status, _)) = bench.runtime.block_on(ask(router, Method::POST, &post, b"")) {
            assert!(status.as_u16() < 500, "{status} at {post:?}");
        }
        let resume = post.replacen("pause", "resume", 1);
        let _ = bench.runtime.block_on(ask(router, Method::POST, &resume, b""));
    }
}

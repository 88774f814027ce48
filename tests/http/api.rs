//! An API of its own for each test.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::BodyExt;
use journeyman::clock::{Clock, ManualClock};
use journeyman::drivers::memory::MemoryStore;
use journeyman::http::{ApiLimits, ApiState, Builtins, Edge, PoolGauge, WorkerGauge, router};
use journeyman::job::{JobId, Priority, QueueName};
use journeyman::queue::operations::Operations;
use journeyman::queue::{
    CallId, Driver, QueueManager, ReserveRequest, ReservedJob, Routing, Settle, Settled, Settlement, Store, Trail,
    WorkerId,
};
use journeyman::webhook::Rules;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::faulty::FaultyStore;
use crate::conformance::stores::Backend;

static CALLS: AtomicU64 = AtomicU64::new(1);

pub struct Api {
    pub clock: Arc<ManualClock>,
    pub store: Arc<FaultyStore>,
    pub shutdown: CancellationToken,
    pub router: Router,
    /// What the store keeps its jobs in; it goes with the rest.
    #[expect(dead_code, reason = "for its drop")]
    pub home: Option<Box<dyn Backend>>,
}

impl Api {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// An API whose state is not the usual one.
    pub fn with(change: impl FnOnce(&mut ApiState)) -> Self {
        let clock = Arc::new(ManualClock::default());
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        Self::over(clock, store, change)
    }

    /// One over a store of its own, of any driver.
    pub async fn on(make: fn(Arc<ManualClock>) -> Box<dyn Backend>) -> Self {
        let clock = Arc::new(ManualClock::default());
        let home = make(Arc::clone(&clock));
        let api = Self::over(clock, home.open().await, |_| {});
        Self { home: Some(home), ..api }
    }

    fn over(clock: Arc<ManualClock>, store: Arc<dyn Store>, change: impl FnOnce(&mut ApiState)) -> Self {
        let store = FaultyStore::new(store);
        let shutdown = CancellationToken::new();
        let mut state = state(&clock, &store, &shutdown);
        change(&mut state);
        Self { clock, store, shutdown, router: router(state), home: None }
    }

    /// Another server over the same store, whose state is not the usual one.
    pub fn changed(self, change: impl FnOnce(&mut ApiState)) -> Self {
        let mut state = state(&self.clock, &self.store, &self.shutdown);
        change(&mut state);
        Self { router: router(state), ..self }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        // A stream of events has no end to wait for.
        let is_stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream { Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn request(&self, method: Method, path: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).await
    }

    /// Enqueues with a body as it is.
    pub async fn post(&self, body: impl Into<Body>) -> Answer {
        self.post_to("/api/queue/enqueue", body).await
    }

    pub async fn post_to(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A post that is all in its address.
    pub async fn request_post(&self, path: &str) -> Answer {
        self.request(Method::POST, path).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).await
    }

    /// Enqueues a job that must be taken; its id.
    pub async fn enqueue(&self, body: &Value) -> JobId {
        let answer = self.post(body.to_string()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.json()["task_id"].as_str().unwrap().parse().unwrap()
    }

    pub async fn status(&self, id: JobId) -> Value {
        let answer = self.get(&format!("/api/queue/status/{id}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }

    /// Jobs stored, whatever became of them.
    pub async fn stored(&self) -> u64 {
        self.get("/api/queue/stats").await.json()["metrics"]["enqueued"].as_u64().unwrap()
    }

    /// Takes the next job of a queue as a worker would.
    pub async fn reserve(&self, queue: &str) -> ReservedJob {
        let queues = [QueueName::new(queue).unwrap()];
        let worker = worker();
        let lease = Duration::from_secs(30);
        let call = CallId(CALLS.fetch_add(1, Ordering::Relaxed));
        let request = ReserveRequest {
            worker: &worker,
            queues: &queues,
            order: Priority::DESCENDING,
            max: 1,
            lease,
            call,
            is_repeat: false,
        };
        self.store.reserve(&request).await.unwrap().jobs.pop().expect("a job waits")
    }

    pub async fn settle(&self, job: ReservedJob, settlement: Settlement, trail: &Trail) {
        let ReservedJob { reservation, .. } = job;
        let settle = Settle { reservation, settlement, trail: trail.encode(), counted: None, then: Vec::new() };
        assert_eq!(self.store.settle(&[settle]).await.unwrap(), [Settled::Done]);
    }
}

fn state(clock: &Arc<ManualClock>, store: &Arc<FaultyStore>, shutdown: &CancellationToken) -> ApiState {
    let store: Arc<dyn Store> = store.clone();
    let slow = QueueName::new("slow").unwrap();
    ApiState {
        operations: Operations::new(Arc::clone(&store), []),
        manager: QueueManager::new(
            store,
            Routing { priorities: HashMap::from([(slow, Priority::Low)]), ..Routing::default() },
        ),
        limits: ApiLimits { max_body: 1200 * 1024, body_timeout: Duration::from_millis(200), max_depth: 64 },
        pool: PoolGauge::new(|| 85.0),
        circuit: None,
        metrics: None,
        workers: WorkerGauge::default(),
        edge: Edge::default(),
        clock: clock.clone(),
        store_name: "memory".into(),
        shutdown: shutdown.clone(),
        dashboard: true,
        examples: false,
        builtins: Builtins::default(),
        callbacks: Rules::default(),
    }
}

/// Makes each named function a test on every store.
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        $crate::http::api::on_stores!((memory, sqlite, redis, mariadb, postgres) ($($name),+));
    };
}

macro_rules! on_stores {
    (($($store:ident),+) $names:tt) => {
        $($crate::http::api::on_stores!($store $names);)+
    };
    ($store:ident ($($name:ident),+)) => {
        mod $store {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name($crate::http::api::Api::on($crate::conformance::stores::$store).await).await;
                }
            )+
        }
    };
}

pub(crate) use {on_every_store, on_stores};

pub fn worker() -> WorkerId {
    WorkerId::new("web-1.4711").unwrap()
}

/// A body that is taken unless `more` spoils it.
#[expect(clippy::needless_pass_by_value, reason = "the cases read better with their json! alone")]
pub fn anything(more: Value) -> Value {
    let mut body = json!({"task_type": "http_anything"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Holds a refusal against RFC 9457 and our additions; its body.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(self.status.as_u16(), status, "{problem}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("cache-control"), "no-store");
        let members: BTreeSet<&str> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["type", "title", "status", "detail", "code", "retryable", "request_id", "errors"];
        assert_eq!(members, BTreeSet::from(expected));
        assert_eq!(problem["type"], format!("urn:journeyman:problem:{code}"));
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert_eq!(
            problem["retryable"],
            matches!(status, 408 | 429 | 503) || ["body_broken", "already_running"].contains(&code)
        );
        assert_eq!(self.header("retry-after"), if status == 503 { "1" } else { "" });
        problem
    }

    /// The pointers of a 422, which must be the only thing wrong.
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| !error["detail"].as_str().unwrap().is_empty()), "{problem}");
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }
}

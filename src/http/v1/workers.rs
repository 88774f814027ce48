//! `/api/v1/workers`: who runs the jobs, and what they are told.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use journeyman_job::QueueName;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::code::Code;
use super::super::detached::detached;
use super::super::edge::needs;
use super::super::error::{Problem, ProblemBody};
use super::super::extract::PathOf;
use super::super::words::{OrderWord, WorkerStateWord};
use crate::access::Scope;
use crate::clock::Timestamp;
use crate::queue::{Order, PoolView, WorkerId, WorkerView};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Read, routes!(list)))
        .routes(needs(Scope::Operate, routes!(quiet)))
        .routes(needs(Scope::Operate, routes!(resume)))
        .routes(needs(Scope::Operate, routes!(stop)))
}

/// The workers of the store, whichever process they are in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"workers": [{
    "worker": "web-1.4711.1", "host": "web-1", "pid": 4711, "version": "0.1.0", "queues": ["mail", "default"],
    "all_queues": false, "slots": 8, "busy": 3,
    "pools": [{"queues": ["mail", "default"], "all_queues": false, "slots": 8, "busy": 3}], "started_at": "2026-02-02T02:40:00.000001Z",
    "seen_at": "2026-02-02T02:41:00.000001Z", "state": "running"
}]}))]
pub struct Workers {
    workers: Vec<Worker>,
}

/// A worker as it last told of itself: every few seconds. What it did not tell is `null`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Worker {
    /// Its name, as jobs have it in `worker`.
    worker: String,
    #[schema(required)]
    host: Option<String>,
    #[schema(required)]
    pid: Option<u32>,
    #[schema(required)]
    version: Option<String>,
    /// In the order in which it takes from them; of one that takes from all, those there were.
    #[schema(value_type = Vec<String>)]
    queues: Vec<QueueName>,
    /// Whether it takes from every queue there is.
    all_queues: bool,
    /// Jobs it runs at once at most.
    slots: u64,
    busy: u64,
    /// How the slots are shared out among its queues: one for all of them, unless `worker.pools` sets some apart.
    pools: Vec<WorkerPool>,
    #[schema(format = DateTime, required)]
    started_at: Option<String>,
    #[schema(format = DateTime, required)]
    seen_at: Option<String>,
    #[schema(value_type = WorkerStateWord)]
    state: &'static str,
}

/// Slots of a worker for some queues.
#[derive(Debug, Serialize, ToSchema)]
struct WorkerPool {
    #[schema(value_type = Vec<String>)]
    queues: Vec<QueueName>,
    /// Whether it takes from those too that no pool of the worker names.
    all_queues: bool,
    slots: u64,
    busy: u64,
}

impl From<PoolView> for WorkerPool {
    fn from(PoolView { queues, all_queues, slots, busy }: PoolView) -> Self {
        Self { queues, all_queues, slots, busy }
    }
}

impl From<WorkerView> for Worker {
    fn from(view: WorkerView) -> Self {
        Self {
            worker: view.worker,
            host: view.host,
            pid: view.pid,
            version: view.version,
            queues: view.queues,
            all_queues: view.all_queues,
            slots: view.slots,
            busy: view.busy,
            pools: view.pools.into_iter().map(WorkerPool::from).collect(),
            started_at: view.started_at.map(Timestamp::to_rfc3339),
            seen_at: view.seen_at.map(Timestamp::to_rfc3339),
            state: view.state.as_str(),
        }
    }
}

/// Lists the workers by name. One that died is `lost` for a while, and then gone.
#[utoipa::path(
    get,
    path = "/api/v1/workers",
    operation_id = "v1ListWorkers",
    tag = "workers",
    responses((status = 200, description = "The workers.", body = Workers))
)]
async fn list(State(api): State<Api>) -> Result<Json<Workers>, Problem> {
    let workers = api.operations.workers().await?;
    Ok(Json(workers.into()))
}

impl From<Vec<WorkerView>> for Workers {
    fn from(workers: Vec<WorkerView>) -> Self {
        Self { workers: workers.into_iter().map(Worker::from).collect() }
    }
}

/// What a worker was told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"worker": "web-1.4711.1", "told": "quiet"}))]
struct Told {
    worker: String,
    #[schema(value_type = OrderWord)]
    told: &'static str,
}

/// Tells a worker to take no more jobs. It finishes what it runs, and stays.
#[utoipa::path(
    post,
    path = "/api/v1/workers/{worker}/quiet",
    operation_id = "v1QuietWorker",
    tag = "workers",
    params(("worker" = String, Path, description = "Its name.", pattern = "^[A-Za-z0-9._-]{1,100}$")),
    responses(
        (status = 202, description = "It heeds this within a second or two.", body = Told),
        (status = 404, description = "There is no such worker.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "No worker has such a name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn quiet(State(api): State<Api>, PathOf(worker): PathOf<WorkerId>) -> Result<(StatusCode, Json<Told>), Problem> {
    tell(api, worker, Order::Quiet).await
}

/// Tells a quiet worker to take jobs again.
#[utoipa::path(
    post,
    path = "/api/v1/workers/{worker}/resume",
    operation_id = "v1ResumeWorker",
    tag = "workers",
    params(("worker" = String, Path, description = "Its name.", pattern = "^[A-Za-z0-9._-]{1,100}$")),
    responses(
        (status = 202, description = "It heeds this within a second or two.", body = Told),
        (status = 404, description = "There is no such worker.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "No worker has such a name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn resume(State(api): State<Api>, PathOf(worker): PathOf<WorkerId>) -> Result<(StatusCode, Json<Told>), Problem> {
    tell(api, worker, Order::Resume).await
}

/// Tells a worker to leave: it finishes what it runs, as far as its grace period lets it, and gives the rest back.
///
/// A process that serves and works goes on to serve.
#[utoipa::path(
    post,
    path = "/api/v1/workers/{worker}/stop",
    operation_id = "v1StopWorker",
    tag = "workers",
    params(("worker" = String, Path, description = "Its name.", pattern = "^[A-Za-z0-9._-]{1,100}$")),
    responses(
        (status = 202, description = "It heeds this within a second or two.", body = Told),
        (status = 404, description = "There is no such worker.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "No worker has such a name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn stop(State(api): State<Api>, PathOf(worker): PathOf<WorkerId>) -> Result<(StatusCode, Json<Told>), Problem> {
    tell(api, worker, Order::Stop).await
}

async fn tell(api: Api, worker: WorkerId, order: Order) -> Result<(StatusCode, Json<Told>), Problem> {
    let (operations, told) = (api.operations.clone(), worker.clone());
    let is_there = detached(async move { operations.tell_worker(&told, order).await }).await?;
    if is_there {
        return Ok((StatusCode::ACCEPTED, Json(Told { worker: worker.to_string(), told: order.as_str() })));
    }
    let detail = format!("no worker of this store is called {worker}; GET /api/v1/workers lists those there are");
    Err(Problem::new(Code::WorkerNotFound, detail))
}

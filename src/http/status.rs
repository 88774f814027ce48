//! `GET /api/queue/status/{task_id}`: all that is known of a job.

use axum::Json;
use axum::extract::State;
use journeyman_job::{JobError, JobId, Priority, QueueName, RawJson};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::needs;
use super::error::{Problem, ProblemBody};
use super::extract::PathOf;
use super::lookup;
use super::words::{PriorityWord, StateWord};
use crate::access::Scope;
use crate::clock::Timestamp;
use crate::queue::{self, AttemptEntry, Body, CallbackEntry, JobRecord};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(status)))
}

/// A job. Times are RFC 3339 in UTC with microseconds, by the store's clock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "task_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "operation_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "job_id": "0198c0de-7a11-7000-8000-00000000c8e5",
    "status": "completed",
    "queue_name": "default",
    "task_type": "send_notification",
    "task_data": {"user_id": 42, "message": "Your order is on its way"},
    "tags": [],
    "priority": "normal",
    "attempts": 1,
    "max_tries": 3,
    "created_at": "2026-02-02T02:40:00.000001Z",
    "available_at": "2026-02-02T02:40:00.000001Z",
    "started_at": "2026-02-02T02:40:00.004100Z",
    "finished_at": "2026-02-02T02:40:00.120000Z",
    "worker": null,
    "result": {"sent": true},
    "error": null,
    "failed_hook_error": null,
    "callbacks": [{"on": "success", "task_id": "0198c0de-7a11-7000-8000-00000001c8e5"}],
    "history": [{
        "attempt": 1,
        "started_at": "2026-02-02T02:40:00.004100Z",
        "finished_at": "2026-02-02T02:40:00.120000Z",
        "outcome": "completed",
        "error": null,
        "worker": "web-1.4711"
    }]
}))]
pub struct JobStatus {
    #[schema(value_type = Uuid)]
    task_id: JobId,
    /// The same id.
    #[schema(value_type = Uuid)]
    operation_id: JobId,
    /// The same id.
    #[schema(value_type = Uuid)]
    job_id: JobId,
    #[schema(value_type = StateWord)]
    status: queue::State,
    #[schema(value_type = String)]
    queue_name: QueueName,
    /// `null` if the stored record cannot be read; then so are `task_data` and `max_tries`.
    #[schema(required)]
    task_type: Option<String>,
    /// The payload, byte for byte as it was enqueued; secrets in it are shown as `[secret]`.
    #[schema(value_type = serde_json::Value, required)]
    task_data: Option<RawJson>,
    tags: Vec<String>,
    #[schema(value_type = PriorityWord)]
    priority: Priority,
    /// Executions begun, the present one included.
    attempts: u32,
    /// Executions in total; 0 = no limit.
    #[schema(required)]
    max_tries: Option<u32>,
    #[schema(format = DateTime)]
    created_at: String,
    /// When it may run, or might first have run.
    #[schema(format = DateTime)]
    available_at: String,
    /// When its latest attempt began.
    #[schema(format = DateTime, required)]
    started_at: Option<String>,
    /// When the job ended.
    #[schema(format = DateTime, required)]
    finished_at: Option<String>,
    /// Who runs it now.
    #[schema(required)]
    worker: Option<String>,
    /// What the job returned, byte for byte; secrets in it are shown as `[secret]`.
    #[schema(value_type = serde_json::Value, required)]
    result: Option<RawJson>,
    /// The latest failure; of a job that will be tried again, too.
    #[schema(required)]
    error: Option<Failure>,
    /// What the job's own `failed` ended with, if not well.
    #[schema(required)]
    failed_hook_error: Option<Failure>,
    /// The jobs that were stored because it ended, oldest first.
    callbacks: Vec<Callback>,
    /// The latest attempts that have ended, oldest first, at most 50.
    history: Vec<Attempt>,
}

/// A job that was stored because another one ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowingJob)]
struct Callback {
    /// `success` or `failure`.
    on: String,
    #[schema(value_type = Uuid)]
    task_id: JobId,
}

/// Why an attempt or a job failed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Failure {
    /// `error`, `fatal`, `panic`, `timeout`, `worker_lost`, `crashed`, `max_tries`, `would_exceed_deadline`,
    /// `pool_exhausted` or `undecodable`.
    kind: &'static str,
    message: String,
}

/// An attempt that has ended.
#[derive(Debug, Serialize, ToSchema)]
struct Attempt {
    attempt: u32,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    finished_at: String,
    /// `completed`, `released`, `snoozed`, `requeued`, `cancelled` or the kind of the error.
    outcome: String,
    #[schema(required)]
    error: Option<Failure>,
    worker: String,
}

/// Tells all that is known of a job.
#[utoipa::path(
    get,
    path = "/api/queue/status/{task_id}",
    operation_id = "getJobStatus",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "As enqueue returned it.",
        example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 200, description = "The job.", body = JobStatus),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn status(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<Json<JobStatus>, Problem> {
    Ok(Json(lookup::find(&api, id).await?.into()))
}

impl From<JobRecord> for JobStatus {
    fn from(record: JobRecord) -> Self {
        let JobRecord { id, trail, .. } = record;
        // One damaged record must not hide what the store still knows of the job.
        let body = Body::read(&record.body).ok();
        Self {
            task_id: id,
            operation_id: id,
            job_id: id,
            status: record.state,
            queue_name: record.queue,
            task_type: body.as_ref().map(|body| body.type_name.to_string()),
            task_data: body.as_ref().map(|body| RawJson::from(body.data.to_owned()).redacted()),
            max_tries: body.as_ref().map(|body| body.options.max_tries),
            tags: body.map(|body| body.options.tags).unwrap_or_default(),
            priority: record.priority,
            attempts: record.attempts,
            created_at: record.created_at.to_rfc3339(),
            available_at: record.available_at.to_rfc3339(),
            started_at: record.started_at.map(Timestamp::to_rfc3339),
            finished_at: trail.finished_at.map(Timestamp::to_rfc3339),
            worker: record.worker,
            result: trail.result.map(RawJson::redacted),
            error: trail.error.as_ref().map(Failure::from),
            failed_hook_error: trail.failed_hook_error.as_ref().map(Failure::from),
            callbacks: trail.callbacks.into_iter().map(Callback::from).collect(),
            history: trail.history.into_iter().map(Attempt::from).collect(),
        }
    }
}

impl From<&JobError> for Failure {
    fn from(error: &JobError) -> Self {
        Self { kind: error.kind().as_str(), message: error.message().to_owned() }
    }
}

impl From<CallbackEntry> for Callback {
    fn from(entry: CallbackEntry) -> Self {
        Self { on: entry.on, task_id: entry.id }
    }
}

impl From<AttemptEntry> for Attempt {
    fn from(entry: AttemptEntry) -> Self {
        Self {
            attempt: entry.attempt,
            started_at: entry.started_at.to_rfc3339(),
            finished_at: entry.finished_at.to_rfc3339(),
            outcome: entry.outcome,
            error: entry.error.as_ref().map(Failure::from),
            worker: entry.worker,
        }
    }
}

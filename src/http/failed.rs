//! `/api/queue/failed`: the failed jobs, and what becomes of them.

mod retry;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use journeyman_job::{JobId, QueueName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::detached::detached;
use super::edge::{Deed, needs};
use super::error::{Problem, ProblemBody};
use super::extract::PathOf;
use super::lookup;
use super::query::{PageSize, Params};
use super::summary::{Cursor, JobSummary};
use crate::access::Scope;
use crate::queue::operations::{Latest, Place};
use crate::queue::{self, Forgotten};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Read, routes!(list)))
        .routes(needs(Scope::Operate, routes!(flush)))
        .routes(needs(Scope::Operate, routes!(forget)))
        .merge(retry::router())
}

/// Failed jobs, the last one to end first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "jobs": [{
        "task_id": "0198c0de-7a11-7000-8000-00000000c8e5",
        "status": "failed",
        "queue_name": "default",
        "task_type": "send_notification",
        "tags": [],
        "priority": "normal",
        "attempts": 3,
        "max_tries": 3,
        "created_at": "2026-02-02T02:40:00.000001Z",
        "available_at": "2026-02-02T02:40:02.000001Z",
        "started_at": "2026-02-02T02:40:02.004100Z",
        "finished_at": "2026-02-02T02:40:02.120000Z",
        "worker": null,
        "error": {"kind": "error", "message": "the mail server does not answer"}
    }],
    "total": 1,
    "next_cursor": null
}))]
struct FailedPage {
    jobs: Vec<JobSummary>,
    /// How many there are in all.
    total: u64,
    /// Where to go on in one queue. `null` at the end, and where several queues were asked: name one to see all of it.
    #[schema(value_type = Option<String>, required)]
    next_cursor: Option<Cursor>,
}

/// Lists failed jobs, the last one to end first: of one queue page by page, or the latest of all queues.
#[utoipa::path(
    get,
    path = "/api/queue/failed",
    operation_id = "listFailedJobs",
    tag = "failed",
    params(
        ("queue_name" = Option<String>, Query, description = "Only of this queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("limit" = Option<usize>, Query, description = "Jobs on the page, 1 to 100; 50 by default.",
            minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "The jobs.", body = FailedPage),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn list(State(api): State<Api>, mut params: Params) -> Result<Json<FailedPage>, Problem> {
    let queue: Option<QueueName> = params.take("queue_name")?;
    let PageSize(limit): PageSize = params.take("limit")?.unwrap_or_default();
    let start: Option<Place> = params.take("cursor")?;
    params.done()?;
    let Latest { jobs, total, next } = api.operations.latest_failed(queue.as_ref(), start, limit).await?;
    let jobs = jobs.into_iter().map(Into::into).collect();
    Ok(Json(FailedPage { jobs, total, next_cursor: Cursor::of(next) }))
}

/// Records that were removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"forgotten": 17, "next_cursor": null}))]
struct Flushed {
    forgotten: u64,
    /// `null` once all were looked at; else ask again with it as `cursor`.
    #[schema(value_type = Option<String>, required)]
    next_cursor: Option<Cursor>,
}

/// Removes the records of failed jobs for good: of one queue, or of all. One request looks at 10 000 at most.
#[utoipa::path(
    delete,
    path = "/api/queue/failed",
    operation_id = "flushFailedJobs",
    tag = "failed",
    params(
        ("queue_name" = Option<String>, Query, description = "Only of this queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("hours" = Option<u64>, Query, description = "Only of jobs that failed longer ago.",
            maximum = 4_294_967_295_u32),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the answer before."),
    ),
    responses(
        (status = 200, description = "Removed.", body = Flushed),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn flush(State(api): State<Api>, deed: Deed, mut params: Params) -> Result<Json<Flushed>, Problem> {
    let queue: Option<QueueName> = params.take("queue_name")?;
    let hours: Option<u32> = params.take("hours")?;
    let start: Option<Place> = params.take("cursor")?;
    params.done()?;
    let age = hours.map(|hours| Duration::from_secs(u64::from(hours) * 3600));
    if queue.is_none() {
        deed.is_on(hours.map_or("every queue".to_owned(), |hours| format!("every queue, hours={hours}")));
    }
    let operations = api.operations.clone();
    let cleared = detached(async move { operations.flush(queue.as_ref(), age, start).await }).await?;
    deed.came_to(format!("forgotten {}", cleared.count));
    Ok(Json(Flushed { forgotten: cleared.count, next_cursor: Cursor::of(cleared.next) }))
}

/// Removes the record of one failed job for good.
#[utoipa::path(
    delete,
    path = "/api/queue/failed/{task_id}",
    operation_id = "forgetFailedJob",
    tag = "failed",
    params(("task_id" = Uuid, Path, description = "The failed job.",
        example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 200, description = "Removed.", body = Flushed),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "It has not failed; `detail` names its state.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn forget(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<Json<Flushed>, Problem> {
    let not_failed = |state| lookup::wrong_state(id, state, "failed jobs can be forgotten");
    let record = lookup::find(&api, id).await?;
    if record.state != queue::State::Failed {
        return Err(not_failed(record.state));
    }
    let operations = api.operations.clone();
    match detached(async move { operations.forget(id).await }).await? {
        Forgotten::Done => Ok(Json(Flushed { forgotten: 1, next_cursor: None })),
        Forgotten::Not(state) => Err(not_failed(state)),
        Forgotten::Nothing => Err(lookup::nothing(id)),
    }
}

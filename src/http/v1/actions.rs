//! What is done to one job: cancel, run now, retry, delete.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use journeyman_job::{JobId, RawJson};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::{Deed, needs};
use super::super::error::{Problem, ProblemBody};
use super::super::extract::{JsonBody, PathOf};
use super::super::json;
use super::super::moves::{done, moved};
use super::super::summary::Moved;
use super::edit::{self, RetriedAs};
use crate::access::Scope;
use crate::queue;
use crate::queue::operations::Action;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Operate, routes!(cancel)))
        .routes(needs(Scope::Operate, routes!(run)))
        .routes(needs(Scope::Operate, routes!(retry)))
        .routes(needs(Scope::Operate, routes!(delete)))
}

/// Cancels a job that waits. One that runs is not stopped.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{task_id}/cancel",
    operation_id = "v1CancelJob",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "The job.", example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 200, description = "The job will not run.", body = Moved),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "It runs or has ended; `detail` names its state.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn cancel(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<Json<Moved>, Problem> {
    moved(api, Action::Cancel, id, queue::State::Cancelled).await
}

/// Lets a delayed job run now: it goes to the back of its queue, as if its time had come.
///
/// A job that waits to be tried again is delayed too; its attempts stay counted.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{task_id}/run",
    operation_id = "v1RunJob",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "The job.", example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 200, description = "The job waits for a worker.", body = Moved),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "It is not delayed; `detail` names its state.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn run(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<Json<Moved>, Problem> {
    moved(api, Action::Run, id, queue::State::Pending).await
}

/// How a job is to be tried again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"task_data": {"user_id": 42, "message": "Your order is on its way"}}))]
pub(super) struct RetryJobRequest {
    /// Another payload, kept byte for byte. Left out, the job keeps its own.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = serde_json::Value, required = false)]
    task_data: Option<RawJson>,
}

/// Tries a failed or cancelled job again, as it is or with another payload.
///
/// Without `task_data` the job itself goes to the back of its queue, with all its tries before it. With `task_data` it stays
/// as it is, and a new job of its type is enqueued: with its queue, priority, tags, tries, timeouts and callbacks, under the
/// deduplication key that its type names, and checked as any other payload. A key that its caller chose is not kept with a
/// job, and so does not hold for the new one. Secrets are not shown and so cannot be sent back: the new payload must name
/// each of them.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{task_id}/retry",
    operation_id = "v1RetryJob",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "The failed job.",
        example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    request_body = RetryJobRequest,
    responses(
        (status = 200, description = "It will run again.", body = Moved),
        (status = 201, description = "A new job will run with the other payload.", body = RetriedAs,
            headers(("Location" = String, description = "Where the new job is."))),
        (status = 400, description = "Not JSON, or nested too deep.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body took too long.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "It has neither failed nor been cancelled, or another job does the same work by \
            now; `detail` says which.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not called JSON.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID, or a payload that does not fit the type; `errors` says where.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn retry(
    State(api): State<Api>,
    PathOf(id): PathOf<JobId>,
    OriginalUri(asked): OriginalUri,
    deed: Deed,
    JsonBody(request): JsonBody<RetryJobRequest>,
) -> Result<Response, Problem> {
    match request.task_data {
        None => Ok(moved(api, Action::Retry, id, queue::State::Pending).await?.into_response()),
        Some(data) => edit::retry(api, &deed, id, data, &asked).await,
    }
}

/// Removes the record of a job that has ended, for good.
#[utoipa::path(
    delete,
    path = "/api/v1/jobs/{task_id}",
    operation_id = "v1DeleteJob",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "The job.", example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 204, description = "Removed."),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "It has not ended; `detail` names its state.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn delete(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<StatusCode, Problem> {
    done(api, Action::Delete, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

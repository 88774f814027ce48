//! `/api/v1/jobs`: looking for jobs, one of them whole, and new ones.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use journeyman_job::JobId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::needs;
use super::super::enqueue::request::EnqueueRequest;
use super::super::enqueue::{self, Enqueued};
use super::super::error::{Problem, ProblemBody};
use super::super::extract::{PathOf, Unread};
use super::super::query::{PageSize, Params};
use super::super::status::JobStatus;
use super::super::summary::JobsPage;
use super::super::words::{StateWord, WithinWord};
use super::super::{json, lookup};
use super::filter;
use crate::access::Scope;
use crate::queue::operations::Place;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Read, routes!(list)))
        .routes(needs(Scope::Enqueue, routes!(create)))
        .routes(needs(Scope::Read, routes!(one)))
}

/// Looks for jobs: by queue, in each by state, in each of those in the order they will run or, ended, the latest first.
///
/// One request looks at 1 000 records at most, and at fewer if they are large. A page can therefore hold fewer jobs than
/// its limit, even none, with more to come: while `next_cursor` is set, ask again with it. What costs is what a filter
/// leaves out: `queue_name` and `state` are free, all others read every record on the way, and `text` its payload as well.
/// The id of a job, given as `text`, finds that job at once, whatever there is to look through.
#[utoipa::path(
    get,
    path = "/api/v1/jobs",
    operation_id = "v1ListJobs",
    tag = "jobs",
    params(
        ("queue_name" = Option<String>, Query, description = "Only of this queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("state" = Option<StateWord>, Query, description = "Only in this state."),
        ("task_type" = Option<String>, Query, description = "Only of this type."),
        ("tag" = Option<String>, Query, description = "Only with this tag."),
        ("text" = Option<String>, Query, description = "Only with this text, in letters of any case, in the payload or in \
            the kind or message of the latest failure, as they are shown: secrets are not. Or the id of a job.",
            min_length = 1, max_length = 1000),
        ("text_in" = Option<WithinWord>, Query, description = "Where the text is looked for; `any` by default."),
        ("fingerprint" = Option<String>, Query, description = "Only whose latest failure has it, as `/api/v1/failures` \
            gives it.", pattern = "^[0-9a-f]{16}$"),
        ("worker" = Option<String>, Query, description = "Only what this worker has reserved at present; goes with no \
            state but `reserved`.", pattern = "^[A-Za-z0-9._-]{1,100}$"),
        ("since" = Option<String>, Query, description = "Only dispatched then or later.", format = DateTime),
        ("until" = Option<String>, Query, description = "Only dispatched then or earlier.", format = DateTime),
        ("limit" = Option<usize>, Query, description = "Jobs on the page, 1 to 100; 50 by default.",
            minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, with the same filter."),
    ),
    responses(
        (status = 200, description = "Some of the jobs.", body = JobsPage),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn list(State(api): State<Api>, mut params: Params) -> Result<Json<JobsPage>, Problem> {
    let filter = filter::taken(&mut params)?;
    let PageSize(limit): PageSize = params.take("limit")?.unwrap_or_default();
    let start: Option<Place> = params.take("cursor")?;
    params.done()?;
    Ok(Json(api.operations.browse(&filter, start, limit).await?.into()))
}

/// Puts a job into its queue.
///
/// As `POST /api/queue/enqueue`, to which it is the same.
#[utoipa::path(
    post,
    path = "/api/v1/jobs",
    operation_id = "v1EnqueueJob",
    tag = "jobs",
    request_body = EnqueueRequest,
    responses(
        (status = 201, description = "Stored.", body = Enqueued,
            headers(("Location" = String, description = "Where the job is."))),
        (status = 200, description = "It was there before: the same `operation_id`, or the same work that has not ended.",
            body = Enqueued),
        (status = 400, description = "Not JSON, or nested too deep.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body took too long.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "The `operation_id` is that of another job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not called JSON.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Unknown type, a payload that does not fit it, or an option out of range; \
            `errors` says where.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn create(
    State(api): State<Api>,
    OriginalUri(asked): OriginalUri,
    Unread(body): Unread,
) -> Result<Response, Problem> {
    let request: EnqueueRequest = json::read(&body, api.limits.max_depth)?;
    let dispatch = request.into_dispatch(&api).map_err(Problem::invalid)?;
    enqueue::store(api, &asked, Box::new(dispatch)).await
}

/// Tells all that is known of a job.
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{task_id}",
    operation_id = "v1GetJob",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "The job.", example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 200, description = "The job.", body = JobStatus),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn one(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<Json<JobStatus>, Problem> {
    Ok(Json(lookup::find(&api, id).await?.into()))
}

//! `/api/queue/jobs`: looking through the jobs, and taking one back.

use axum::Json;
use axum::extract::State;
use journeyman_job::JobId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::needs;
use super::error::{Problem, ProblemBody};
use super::extract::PathOf;
use super::moves::moved;
use super::query::{PageSize, Params};
use super::summary::{JobsPage, Moved};
use super::words::StateWord;
use crate::access::Scope;
use crate::queue;
use crate::queue::operations::{Action, Filter, Place};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(list))).routes(needs(Scope::Operate, routes!(cancel)))
}

/// Lists jobs: by queue, in each by state, in each of those in the order they will run or, ended, the latest first.
///
/// A look reads a bounded number of records, so that a page can hold fewer jobs than its limit, even none, although
/// more fit: `next_cursor` tells.
#[utoipa::path(
    get,
    path = "/api/queue/jobs",
    operation_id = "listJobs",
    tag = "jobs",
    params(
        ("queue_name" = Option<String>, Query, description = "Only of this queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("state" = Option<StateWord>, Query, description = "Only in this state."),
        ("task_type" = Option<String>, Query, description = "Only of this type."),
        ("tag" = Option<String>, Query, description = "Only with this tag."),
        ("limit" = Option<usize>, Query, description = "Jobs on the page, 1 to 100; 50 by default.",
            minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
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
    let filter = Filter {
        queue: params.take("queue_name")?,
        state: params.take("state")?,
        task_type: params.take("task_type")?,
        tag: params.take("tag")?,
        ..Filter::default()
    };
    let PageSize(limit): PageSize = params.take("limit")?.unwrap_or_default();
    let start: Option<Place> = params.take("cursor")?;
    params.done()?;
    Ok(Json(api.operations.browse(&filter, start, limit).await?.into()))
}

/// Cancels a job that waits. One that runs is not stopped.
#[utoipa::path(
    post,
    path = "/api/queue/jobs/{task_id}/cancel",
    operation_id = "cancelJob",
    tag = "jobs",
    params(("task_id" = Uuid, Path, description = "As enqueue returned it.",
        example = "0198c0de-7a11-7000-8000-00000000c8e5")),
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

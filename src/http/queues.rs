//! What is done to a whole queue: purge, pause, resume.
//!
//! Each has a second address with the name as a parameter, for names that cannot stand in a path: clients shorten `.` and
//! `..` away, and `failed` or `stats` are words of the API there.

use axum::Json;
use axum::extract::State;
use journeyman_job::{Priority, QueueName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::detached::detached;
use super::edge::{Deed, needs};
use super::error::{Problem, ProblemBody};
use super::extract::PathOf;
use super::query::Params;
use super::words::PriorityGiven;
use super::{Api, ApiState};
use crate::access::Scope;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Operate, routes!(purge)))
        .routes(needs(Scope::Operate, routes!(purge_named)))
        .routes(needs(Scope::Operate, routes!(pause)))
        .routes(needs(Scope::Operate, routes!(pause_named)))
        .routes(needs(Scope::Operate, routes!(resume)))
        .routes(needs(Scope::Operate, routes!(resume_named)))
}

/// A queue that was emptied.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"queue_name": "default", "purged": 120}))]
struct Purged {
    #[schema(value_type = String)]
    queue_name: QueueName,
    /// Jobs that were removed.
    purged: u64,
}

/// Whether workers may take jobs from a queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"queue_name": "default", "paused": true}))]
pub(super) struct PauseState {
    #[schema(value_type = String)]
    queue_name: QueueName,
    paused: bool,
}

/// Removes the pending and delayed jobs of a queue for good. What runs goes on.
#[utoipa::path(
    delete,
    path = "/api/queue/{queue_name}",
    operation_id = "purgeQueue",
    tag = "queues",
    params(
        ("queue_name" = String, Path, description = "The queue.", example = "default",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("priority" = Option<PriorityGiven>, Query, description = "Only jobs of this priority."),
    ),
    responses(
        (status = 200, description = "How many were removed.", body = Purged),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a queue name, or not a priority.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn purge(
    State(api): State<Api>,
    deed: Deed,
    PathOf(queue): PathOf<QueueName>,
    params: Params,
) -> Result<Json<Purged>, Problem> {
    empty(api, &deed, queue, params).await
}

/// Removes the pending and delayed jobs of a queue for good, whatever its name.
#[utoipa::path(
    post,
    path = "/api/queue/purge",
    operation_id = "purgeQueueByName",
    tag = "queues",
    params(
        ("queue_name" = String, Query, description = "The queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("priority" = Option<PriorityGiven>, Query, description = "Only jobs of this priority."),
    ),
    responses(
        (status = 200, description = "How many were removed.", body = Purged),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a queue name, or not a priority.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn purge_named(State(api): State<Api>, deed: Deed, mut params: Params) -> Result<Json<Purged>, Problem> {
    let queue = params.need("queue_name")?;
    empty(api, &deed, queue, params).await
}

async fn empty(api: Api, deed: &Deed, queue: QueueName, mut params: Params) -> Result<Json<Purged>, Problem> {
    let priority: Option<Priority> = params.take("priority")?;
    params.done()?;
    let (operations, name) = (api.operations.clone(), queue.clone());
    let purged = detached(async move { operations.purge(&name, priority).await }).await?;
    deed.came_to(format!("purged {purged}"));
    Ok(Json(Purged { queue_name: queue, purged }))
}

/// Lets no job of a queue be taken until it is resumed. Enqueueing goes on, and what runs goes on.
#[utoipa::path(
    post,
    path = "/api/queue/{queue_name}/pause",
    operation_id = "pauseQueue",
    tag = "queues",
    params(("queue_name" = String, Path, description = "The queue; it need not have been pushed to.",
        example = "default", pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "It is paused.", body = PauseState),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn pause(
    State(api): State<Api>,
    PathOf(queue): PathOf<QueueName>,
    params: Params,
) -> Result<Json<PauseState>, Problem> {
    set(api, queue, params, true).await
}

/// Lets no job of a queue be taken until it is resumed, whatever its name.
#[utoipa::path(
    post,
    path = "/api/queue/pause",
    operation_id = "pauseQueueByName",
    tag = "queues",
    params(("queue_name" = String, Query, description = "The queue; it need not have been pushed to.",
            pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "It is paused.", body = PauseState),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn pause_named(State(api): State<Api>, mut params: Params) -> Result<Json<PauseState>, Problem> {
    let queue = params.need("queue_name")?;
    set(api, queue, params, true).await
}

/// Ends the pause of a queue, if there is one.
#[utoipa::path(
    post,
    path = "/api/queue/{queue_name}/resume",
    operation_id = "resumeQueue",
    tag = "queues",
    params(("queue_name" = String, Path, description = "The queue.", example = "default",
        pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "It is not paused.", body = PauseState),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn resume(
    State(api): State<Api>,
    PathOf(queue): PathOf<QueueName>,
    params: Params,
) -> Result<Json<PauseState>, Problem> {
    set(api, queue, params, false).await
}

/// Ends the pause of a queue, if there is one, whatever its name.
#[utoipa::path(
    post,
    path = "/api/queue/resume",
    operation_id = "resumeQueueByName",
    tag = "queues",
    params(("queue_name" = String, Query, description = "The queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "It is not paused.", body = PauseState),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn resume_named(State(api): State<Api>, mut params: Params) -> Result<Json<PauseState>, Problem> {
    let queue = params.need("queue_name")?;
    set(api, queue, params, false).await
}

async fn set(api: Api, queue: QueueName, params: Params, paused: bool) -> Result<Json<PauseState>, Problem> {
    params.done()?;
    set_paused(&api, queue, paused).await
}

pub(super) async fn set_paused(api: &ApiState, queue: QueueName, paused: bool) -> Result<Json<PauseState>, Problem> {
    let (operations, name) = (api.operations.clone(), queue.clone());
    let change = async move { if paused { operations.pause(&name).await } else { operations.resume(&name).await } };
    detached(change).await?;
    Ok(Json(PauseState { queue_name: queue, paused }))
}

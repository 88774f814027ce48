//! `/api/v1/queues`: the queues in numbers; pause, resume, purge.

use axum::Json;
use axum::extract::State;
use journeyman_job::{Priority, QueueName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::detached::detached;
use super::super::edge::{Deed, needs};
use super::super::error::{Problem, ProblemBody};
use super::super::extract::{JsonBody, PathOf};
use super::super::queues::{PauseState, set_paused};
use super::super::words::PriorityGiven;
use super::super::{Api, ApiState, json};
use super::numbers::{Sums, Totals};
use crate::access::Scope;
use crate::clock::Timestamp;
use crate::queue::operations::{PER_SWEEP, QueueView};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Read, routes!(list)))
        .routes(needs(Scope::Operate, routes!(pause)))
        .routes(needs(Scope::Operate, routes!(resume)))
        .routes(needs(Scope::Operate, routes!(purge)))
}

/// Every queue, by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"queues": [{
    "queue_name": "default",
    "paused": false,
    "pending": 10, "delayed": 0, "reserved": 1, "completed": 96, "failed": 2, "cancelled": 0,
    "by_priority": {"low": 0, "normal": 10, "high": 0, "critical": 0},
    "counters": {"enqueued": 115, "processed": 98, "failed": 2, "retried": 5, "timeouts": 1},
    "next_waits_since": "2026-02-02T02:40:00.000001Z"
}]}))]
pub struct Queues {
    queues: Vec<Queue>,
}

/// A queue in numbers.
#[derive(Debug, Serialize, ToSchema)]
struct Queue {
    #[schema(value_type = String)]
    queue_name: QueueName,
    /// Whether workers take nothing from it.
    paused: bool,
    pending: u64,
    delayed: u64,
    reserved: u64,
    /// Ended jobs count as long as their records are kept.
    completed: u64,
    failed: u64,
    cancelled: u64,
    /// Pending jobs.
    by_priority: ByPriority,
    counters: Sums,
    /// Since when the job may run that would run next; `null` if none is pending.
    #[schema(format = DateTime, required)]
    next_waits_since: Option<String>,
}

/// Jobs by priority.
#[derive(Debug, Serialize, ToSchema)]
struct ByPriority {
    low: u64,
    normal: u64,
    high: u64,
    critical: u64,
}

/// Lists every queue in numbers: pushed to, configured or paused. What it costs does not depend on the backlog.
#[utoipa::path(
    get,
    path = "/api/v1/queues",
    operation_id = "v1ListQueues",
    tag = "queues",
    responses((status = 200, description = "The queues.", body = Queues))
)]
async fn list(State(api): State<Api>) -> Result<Json<Queues>, Problem> {
    Ok(Json(gather(&api).await?))
}

pub(super) async fn gather(api: &ApiState) -> Result<Queues, Problem> {
    let views = api.operations.view_all().await?;
    let since = api.operations.waiting_since(&views).await?;
    Ok(Queues::of(views, since))
}

impl Queues {
    /// The queues, and since when the head of each may run.
    pub fn of(views: Vec<QueueView>, since: Vec<Option<Timestamp>>) -> Self {
        Self { queues: views.into_iter().zip(since).map(|(view, since)| Queue::of(view, since)).collect() }
    }
}

impl Queue {
    fn of(QueueView { stats, is_paused }: QueueView, since: Option<Timestamp>) -> Self {
        let of = |priority| stats.pending_of(priority);
        let Totals { pending, delayed, reserved, completed, failed, cancelled } = Totals::of([&stats]);
        Self {
            paused: is_paused,
            pending,
            delayed,
            reserved,
            completed,
            failed,
            cancelled,
            by_priority: ByPriority {
                low: of(Priority::Low),
                normal: of(Priority::Normal),
                high: of(Priority::High),
                critical: of(Priority::Critical),
            },
            counters: Sums::of([&stats]),
            next_waits_since: since.map(Timestamp::to_rfc3339),
            queue_name: stats.queue,
        }
    }
}

/// Lets no job of a queue be taken until it is resumed. Enqueueing goes on, and what runs goes on.
#[utoipa::path(
    post,
    path = "/api/v1/queues/{queue_name}/pause",
    operation_id = "v1PauseQueue",
    tag = "queues",
    params(("queue_name" = String, Path, description = "The queue; it need not have been pushed to.",
        example = "default", pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "It is paused.", body = PauseState),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn pause(State(api): State<Api>, PathOf(queue): PathOf<QueueName>) -> Result<Json<PauseState>, Problem> {
    set_paused(&api, queue, true).await
}

/// Ends the pause of a queue, if there is one.
#[utoipa::path(
    post,
    path = "/api/v1/queues/{queue_name}/resume",
    operation_id = "v1ResumeQueue",
    tag = "queues",
    params(("queue_name" = String, Path, description = "The queue.", example = "default",
        pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "It is not paused.", body = PauseState),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn resume(State(api): State<Api>, PathOf(queue): PathOf<QueueName>) -> Result<Json<PauseState>, Problem> {
    set_paused(&api, queue, false).await
}

/// Which waiting jobs to remove.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"priority": "low"}))]
struct PurgeRequest {
    /// Only those of this priority.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = PriorityGiven, required = false)]
    priority: Option<Priority>,
}

/// Jobs that were removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PurgedSome, example = json!({"purged": 120, "more": false}))]
struct Purged {
    purged: u64,
    /// Whether there were more: ask again to remove them.
    more: bool,
}

/// Removes the pending and delayed jobs of a queue for good, 10 000 in one request at most. What runs goes on.
#[utoipa::path(
    post,
    path = "/api/v1/queues/{queue_name}/purge",
    operation_id = "v1PurgeQueue",
    tag = "queues",
    params(("queue_name" = String, Path, description = "The queue.", example = "default",
        pattern = "^[A-Za-z0-9._-]{1,255}$")),
    request_body = PurgeRequest,
    responses(
        (status = 200, description = "How many were removed.", body = Purged),
        (status = 400, description = "Not JSON, or nested too deep.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body took too long.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not called JSON.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a queue name, or not a priority.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn purge(
    State(api): State<Api>,
    deed: Deed,
    PathOf(queue): PathOf<QueueName>,
    JsonBody(PurgeRequest { priority }): JsonBody<PurgeRequest>,
) -> Result<Json<Purged>, Problem> {
    if let Some(priority) = priority {
        deed.is_on(format!("{queue}, priority={priority}"));
    }
    let operations = api.operations.clone();
    let most = PER_SWEEP as u64;
    let purging = async move { operations.purge_some(&queue, priority, most).await };
    let (purged, more) = detached(purging).await?;
    deed.came_to(format!("purged {purged}{}", if more { ", more are left" } else { "" }));
    Ok(Json(Purged { purged, more }))
}

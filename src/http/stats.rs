//! `GET /api/queue/stats`: the queues in numbers, at a cost that does not depend on their backlog.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use journeyman_job::{Priority, QueueName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::needs;
use super::error::{Problem, ProblemBody};
use super::extract::PathOf;
use super::query::Params;
use crate::access::Scope;
use crate::clock::Timestamp;
use crate::queue::Counters;
use crate::queue::operations::QueueView;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(all))).routes(needs(Scope::Read, routes!(one)))
}

/// Queues in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "queues": {"default": {
        "pending": 10, "delayed": 0, "reserved": 1, "completed": 96, "failed": 2, "cancelled": 0, "paused": false
    }},
    "keys": {
        "queue:low:default": 0, "queue:normal:default": 10, "queue:high:default": 0, "queue:critical:default": 0,
        "queue:failures": 2, "queue:system_errors": 0
    },
    "total_items": 12,
    "metrics": {
        "enqueued": 115, "processed": 98, "failed": 2, "retried": 5, "timeouts": 1,
        "thread_pool_exhaustion": 3, "thread_pool_utilization": 85.0, "success_rate": 83.5
    },
    "status_time": 1_621_345_678.123
}))]
pub struct Stats {
    /// Jobs of each queue by state.
    queues: BTreeMap<String, InStates>,
    /// Pending jobs as `queue:{priority}:{name}`; and failed jobs whose record is kept, as `queue:failures` those that
    /// ran, as `queue:system_errors` those that could not be decoded.
    keys: BTreeMap<String, u64>,
    /// The sum of `keys`: what waits and what has failed. Delayed and reserved jobs are in `queues` only.
    total_items: u64,
    metrics: Metrics,
    /// When the numbers were read, seconds since 1970.
    status_time: f64,
}

/// One queue's jobs by state. Ended ones count as long as their records are kept.
#[derive(Debug, Serialize, ToSchema)]
struct InStates {
    pending: u64,
    delayed: u64,
    reserved: u64,
    completed: u64,
    failed: u64,
    cancelled: u64,
    /// Whether workers take nothing from it.
    paused: bool,
}

/// Sums since the store was created.
#[derive(Debug, Serialize, ToSchema)]
struct Metrics {
    enqueued: u64,
    /// Jobs that completed or failed for good.
    processed: u64,
    /// Jobs that failed for good.
    failed: u64,
    /// Attempts that were followed by another.
    retried: u64,
    /// Attempts that ran past their timeout.
    timeouts: u64,
    /// Times a job found the thread pool full.
    thread_pool_exhaustion: u64,
    /// Busy part of the thread pool in the process that answers, per cent; 0 without workers.
    thread_pool_utilization: f64,
    /// (processed − failed) / enqueued × 100.
    success_rate: f64,
}

/// Tells the numbers of every queue: pushed to, configured or paused.
#[utoipa::path(
    get,
    path = "/api/queue/stats",
    operation_id = "getStats",
    tag = "queues",
    params(("queue_name" = Option<String>, Query, description = "Only this queue; also for a name that cannot stand \
        in a path, as `..` cannot.", pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "All queues.", body = Stats),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn all(State(api): State<Api>, mut params: Params) -> Result<Json<Stats>, Problem> {
    let queue: Option<QueueName> = params.take("queue_name")?;
    params.done()?;
    let queues = match queue {
        Some(queue) => vec![api.operations.view(&queue).await?],
        None => api.operations.view_all().await?,
    };
    Ok(Json(Stats::of(&queues, api.pool.percent(), api.clock.now())))
}

/// Tells the numbers of one queue.
#[utoipa::path(
    get,
    path = "/api/queue/stats/{queue_name}",
    operation_id = "getQueueStats",
    tag = "queues",
    params(("queue_name" = String, Path, description = "The queue.", example = "default",
        pattern = "^[A-Za-z0-9._-]{1,255}$")),
    responses(
        (status = 200, description = "The queue, in the form of all queues.", body = Stats),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a queue name.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn one(State(api): State<Api>, PathOf(queue): PathOf<QueueName>) -> Result<Json<Stats>, Problem> {
    let queues = [api.operations.view(&queue).await?];
    Ok(Json(Stats::of(&queues, api.pool.percent(), api.clock.now())))
}

impl Stats {
    /// `pool_utilization` is that of this process's own thread pool, per cent; `now` becomes `status_time`.
    pub fn of(queues: &[QueueView], pool_utilization: f64, now: Timestamp) -> Self {
        let keys = keys(queues);
        Self {
            queues: queues.iter().map(|queue| (queue.stats.queue.to_string(), InStates::of(queue))).collect(),
            total_items: keys.values().sum(),
            keys,
            metrics: Metrics::of(queues, pool_utilization),
            status_time: now.as_micros() as f64 / 1e6,
        }
    }
}

fn keys(queues: &[QueueView]) -> BTreeMap<String, u64> {
    let mut keys = BTreeMap::new();
    let (mut failures, mut system_errors) = (0, 0);
    for QueueView { stats: queue, .. } in queues {
        for priority in Priority::DESCENDING {
            keys.insert(format!("queue:{priority}:{}", queue.queue), queue.pending_of(priority));
        }
        failures += queue.failed.saturating_sub(queue.system_errors);
        system_errors += queue.system_errors;
    }
    keys.insert("queue:failures".into(), failures);
    keys.insert("queue:system_errors".into(), system_errors);
    keys
}

impl InStates {
    fn of(QueueView { stats: queue, is_paused }: &QueueView) -> Self {
        Self {
            pending: queue.total_pending(),
            delayed: queue.delayed,
            reserved: queue.reserved,
            completed: queue.completed,
            failed: queue.failed,
            cancelled: queue.cancelled,
            paused: *is_paused,
        }
    }
}

impl Metrics {
    fn of(queues: &[QueueView], thread_pool_utilization: f64) -> Self {
        let mut sums = Counters::default();
        queues.iter().for_each(|queue| sums += queue.stats.counters);
        Self {
            enqueued: sums.enqueued,
            processed: sums.processed,
            failed: sums.failed,
            retried: sums.retried,
            timeouts: sums.timeouts,
            thread_pool_exhaustion: sums.thread_pool_exhaustion,
            thread_pool_utilization,
            success_rate: sums.success_rate(),
        }
    }
}

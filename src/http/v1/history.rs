//! `/api/v1/history`: how it was.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use journeyman_job::QueueName;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::needs;
use super::super::error::{Problem, ProblemBody};
use super::super::query::Params;
use crate::access::Scope;
use crate::metrics::history::{self, MOST_MINUTES, OfType, Percentiles, Point, Wanted};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(history)))
}

/// What all workers have run, in stretches of time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "step_seconds": 60,
    "points": [{
        "at": "2026-02-02T02:40:00.000000Z", "processed": 96, "failed": 2, "retried": 5,
        "run_ms": {"p50": 4.1, "p95": 20.0, "p99": 83.2}, "wait_ms": {"p50": 1.2, "p95": 3.0, "p99": 10.5}
    }],
    "types": [{
        "task_type": "echo", "processed": 96, "failed": 2, "run_ms": {"p50": 4.1, "p95": 20.0, "p99": 83.2}
    }]
}))]
struct History {
    /// Length of a stretch.
    step_seconds: i64,
    /// The oldest first; the last one is not over yet.
    points: Vec<PointShown>,
    /// The same time by type, in the order of their names. More than 200 pairs of queue and type in a process share
    /// `(other)`.
    types: Vec<TypeShown>,
}

/// A stretch of time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryPoint)]
struct PointShown {
    /// When it began.
    #[schema(format = DateTime)]
    at: String,
    /// Jobs that completed or failed for good.
    processed: u64,
    /// Jobs that failed for good.
    failed: u64,
    /// Attempts that were followed by another.
    retried: u64,
    /// How long attempts ran; `null` if none ended.
    #[schema(required)]
    run_ms: Option<Shares>,
    /// From a job's dispatch to its first attempt; a delay that was wished for counts. `null` if none began.
    #[schema(required)]
    wait_ms: Option<Shares>,
}

/// A type over the whole time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryOfType)]
struct TypeShown {
    task_type: String,
    processed: u64,
    failed: u64,
    #[schema(required)]
    run_ms: Option<Shares>,
}

/// Half, 95 and 99 in a hundred took no longer, milliseconds; told from some twenty ranges of time, each a step of a scale.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Percentiles)]
struct Shares {
    p50: f64,
    p95: f64,
    p99: f64,
}

/// How far to look back.
#[derive(Debug, Clone, Copy)]
struct Minutes(u64);

#[derive(Debug, thiserror::Error)]
#[error("give 60 to {MOST_MINUTES}")]
struct NoMinutes;

impl FromStr for Minutes {
    type Err = NoMinutes;

    fn from_str(text: &str) -> Result<Self, NoMinutes> {
        let minutes = text.parse().map_err(|_| NoMinutes)?;
        if (60..=MOST_MINUTES).contains(&minutes) { Ok(Self(minutes)) } else { Err(NoMinutes) }
    }
}

/// Tells what all workers have run: by minute up to two hours back, by ten minutes up to a day, by hour up to two weeks.
///
/// Each worker process writes its numbers once a minute and when it stops, if `metrics.enabled` is on; one that is killed
/// loses those of its last minute.
#[utoipa::path(
    get,
    path = "/api/v1/history",
    operation_id = "v1GetHistory",
    tag = "server",
    params(
        ("minutes" = Option<u64>, Query, description = "How far to look back; 60 by default.", minimum = 60,
            maximum = 20_160),
        ("queue_name" = Option<String>, Query, description = "Only of this queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("task_type" = Option<String>, Query, description = "Only of this type."),
    ),
    responses(
        (status = 200, description = "How it was.", body = History),
        (status = 422, description = "A parameter is not valid.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn history(State(api): State<Api>, mut params: Params) -> Result<Json<History>, Problem> {
    let Minutes(minutes) = params.take("minutes")?.unwrap_or(Minutes(60));
    let queue: Option<QueueName> = params.take("queue_name")?;
    let wanted = Wanted { minutes, queue: queue.map(|name| name.to_string()), job_type: params.take("task_type")? };
    params.done()?;
    Ok(Json(history::read(api.operations.store().as_ref(), &wanted).await?.into()))
}

impl From<history::History> for History {
    fn from(read: history::History) -> Self {
        Self {
            step_seconds: read.step_seconds,
            points: read.points.into_iter().map(Into::into).collect(),
            types: read.types.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Point> for PointShown {
    fn from(point: Point) -> Self {
        Self {
            at: point.at.to_rfc3339(),
            processed: point.processed,
            failed: point.failed,
            retried: point.retried,
            run_ms: point.run.map(Into::into),
            wait_ms: point.wait.map(Into::into),
        }
    }
}

impl From<OfType> for TypeShown {
    fn from(of: OfType) -> Self {
        Self { task_type: of.job_type, processed: of.processed, failed: of.failed, run_ms: of.run.map(Into::into) }
    }
}

impl From<Percentiles> for Shares {
    fn from(Percentiles { p50, p95, p99 }: Percentiles) -> Self {
        Self { p50, p95, p99 }
    }
}

//! `/api/v1/overview`: the server and all its queues at a glance.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::edge::needs;
use super::super::error::Problem;
use super::super::health::Readiness;
use super::super::words::BreakerWord;
use super::super::{Api, ApiState};
use super::numbers::{Sums, Totals};
use crate::access::Scope;
use crate::circuit::{Circuit, Phase};
use crate::queue::WorkerState;

pub(super) fn router(readiness: &Readiness) -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(overview))).layer(Extension(readiness.clone()))
}

/// The server and all its queues at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "version": "0.1.0",
    "store": "SQLite data/journeyman.db",
    "durability": "fsync on every commit",
    "breaker": "closed",
    "status_time": "2026-02-02T02:40:00.000001Z",
    "totals": {"pending": 10, "delayed": 0, "reserved": 1, "completed": 96, "failed": 2, "cancelled": 0},
    "counters": {"enqueued": 115, "processed": 98, "failed": 2, "retried": 5, "timeouts": 1},
    "workers": {"count": 1, "slots": 6, "busy": 1},
    "examples": false
}))]
pub(super) struct Overview {
    version: &'static str,
    /// Which store it is.
    #[schema(value_type = String)]
    store: Arc<str>,
    /// How safe stored jobs are, in words.
    durability: String,
    /// Of the circuit around the store; `null` around one that needs none.
    #[schema(value_type = Option<BreakerWord>, required)]
    breaker: Option<&'static str>,
    /// When the numbers were read, by the store's clock.
    #[schema(format = DateTime)]
    status_time: String,
    totals: Totals,
    counters: Sums,
    workers: WorkerNumbers,
    /// Whether the trial types may be enqueued.
    examples: bool,
}

/// All workers of the store that are alive, as they last told of themselves.
#[derive(Debug, Serialize, ToSchema)]
struct WorkerNumbers {
    count: u64,
    /// Jobs that they can run at once.
    slots: u64,
    /// Jobs that they run.
    busy: u64,
}

/// Tells the state of the server and the sums over all queues, at a cost that does not depend on the backlog.
#[utoipa::path(
    get,
    path = "/api/v1/overview",
    operation_id = "v1GetOverview",
    tag = "server",
    responses((status = 200, description = "The server at a glance.", body = Overview))
)]
async fn overview(
    State(api): State<Api>,
    Extension(readiness): Extension<Readiness>,
) -> Result<Json<Overview>, Problem> {
    Ok(Json(gather(&api, &readiness).await?))
}

pub(super) async fn gather(api: &ApiState, readiness: &Readiness) -> Result<Overview, Problem> {
    let durability = readiness.of(api).await?;
    let views = api.operations.view_all().await?;
    let now = api.operations.store().time().await?;
    let workers = api.operations.workers().await?;
    let alive = || workers.iter().filter(|worker| worker.state != WorkerState::Lost);
    Ok(Overview {
        version: env!("CARGO_PKG_VERSION"),
        store: Arc::clone(&api.store_name),
        durability,
        breaker: breaker(api),
        status_time: now.to_rfc3339(),
        totals: Totals::of(views.iter().map(|view| &view.stats)),
        counters: Sums::of(views.iter().map(|view| &view.stats)),
        workers: WorkerNumbers {
            count: alive().count() as u64,
            slots: alive().map(|worker| worker.slots).sum(),
            busy: alive().map(|worker| worker.busy).sum(),
        },
        examples: api.examples,
    })
}

pub(super) fn breaker(api: &ApiState) -> Option<&'static str> {
    api.circuit.as_ref().map(Circuit::phase).map(Phase::as_str)
}

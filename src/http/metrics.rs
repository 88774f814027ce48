//! `/metrics`: this process and its store in numbers, for Prometheus.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::code::Code;
use super::edge::{Edge, needs_unless};
use super::error::{Problem, ProblemBody};
use super::{Api, ApiState};
use crate::access::Scope;
use crate::metrics::{self, Reading, Workers};
use crate::queue::{QueueStats, StoreError};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs_unless(Edge::metrics_open, Scope::Read, routes!(metrics)))
}

/// Reads how busy this process's workers are. By default there are none.
#[derive(Clone)]
pub struct WorkerGauge(Arc<dyn Fn() -> Workers + Send + Sync>);

impl WorkerGauge {
    pub fn new(read: impl Fn() -> Workers + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub fn read(&self) -> Workers {
        (self.0)()
    }
}

impl Default for WorkerGauge {
    fn default() -> Self {
        Self::new(Workers::default)
    }
}

impl fmt::Debug for WorkerGauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkerGauge").field(&self.read()).finish()
    }
}

/// Tells everything in numbers, in the text format of OpenMetrics.
///
/// What is said of queues is the store's and so the same from every process: take the maximum over processes, not the
/// sum. Everything else is this process's own. While the store is away its numbers are missing, and
/// `journeyman_store_up` is 0.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "health",
    responses(
        (status = 200, description = "The numbers.", body = String, content_type = "application/openmetrics-text"),
        (status = 404, description = "Metrics are switched off.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn metrics(State(api): State<Api>) -> Result<impl IntoResponse, Problem> {
    let metrics = api.metrics.as_ref().ok_or_else(|| Problem::new(Code::RouteNotFound, "metrics are switched off"))?;
    let reading = Reading {
        store: stats(&api).await.ok(),
        workers: api.workers.read(),
        breaker: api.circuit.as_ref().map(|circuit| (circuit.phase(), circuit.opened())),
    };
    let text = metrics.render(&reading).map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text))
}

async fn stats(api: &ApiState) -> Result<Vec<QueueStats>, StoreError> {
    let store = api.manager.store();
    store.stats(&store.queues().await?).await
}

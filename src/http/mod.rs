//! The HTTP API: one file per resource, and what they share.
//!
//! [`router`] is the whole API as a `Router` to serve or to nest. Every refusal is an RFC 9457 problem, also of paths
//! that do not exist and of handlers that panic.

pub mod body;
mod code;
mod dashboard;
mod detached;
mod docs;
mod edge;
mod enqueue;
mod error;
mod examples;
mod extract;
mod failed;
mod frame;
mod health;
mod jobs;
mod json;
mod lookup;
mod metrics;
mod moves;
mod offer;
mod openapi;
mod query;
mod queues;
pub mod server;
mod session;
mod stats;
mod status;
mod summary;
mod v1;
mod words;
mod yaml;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Method, Uri};
use tokio_util::sync::CancellationToken;
use tower::layer::layer_fn;
use utoipa_axum::router::OpenApiRouter;

pub use code::Code;
pub use edge::{Access, Edge, EdgeOptions};
pub use error::{Fault, Problem};
use health::Readiness;
pub use metrics::WorkerGauge;
use offer::Offer;
pub use openapi::{openapi, openapi_yaml};
pub use stats::Stats;
pub use status::JobStatus;
pub use summary::{JobSummary, JobsPage};
pub use v1::{FailuresPage, Queues, Worker, Workers};

use crate::circuit::Circuit;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::queue::QueueManager;
use crate::queue::operations::Operations;
use crate::webhook;

/// What the handlers work with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ApiState {
    pub manager: QueueManager,
    /// On the manager's own store.
    pub operations: Operations,
    pub limits: ApiLimits,
    /// The breaker around the store, if it has one.
    pub circuit: Option<Circuit>,
    /// What this process counts; `None` switches `/metrics` off.
    pub metrics: Option<Metrics>,
    /// How busy this process's own workers are.
    pub workers: WorkerGauge,
    /// How busy this process's own thread pool is.
    pub pool: PoolGauge,
    /// Who may ask, and how much at once.
    pub edge: Edge,
    /// Tells `status_time`, and whether a key has expired.
    pub clock: Arc<dyn Clock>,
    /// What `/ready` calls the store: the name of its driver.
    pub store_name: Arc<str>,
    /// Once cancelled, `/ready` answers 503 so that balancers look elsewhere; everything else still answers.
    pub shutdown: CancellationToken,
    /// Whether there are pages at `/dashboard/`.
    pub dashboard: bool,
    /// Whether the trial types may be enqueued.
    pub examples: bool,
    /// Which of the built-in types may be enqueued.
    pub builtins: Builtins,
    /// Which URLs may be called back.
    pub callbacks: webhook::Rules,
}

/// Built-in job types that reach beyond the queue: callers enqueue them only where the operator said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Builtins {
    pub webhook: bool,
    pub database_operation: bool,
}

/// The state as the routes share it: each clones it for each request.
type Api = Arc<ApiState>;

/// What one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiLimits {
    /// Largest body, bytes.
    pub max_body: usize,
    /// Longest a body may take to arrive, in all.
    pub body_timeout: Duration,
    /// Arrays and objects inside one another.
    pub max_depth: usize,
}

impl Default for ApiLimits {
    /// 2 MiB, so that the largest payload fits with the rest of its request; 30 s; 64 levels.
    fn default() -> Self {
        Self { max_body: 2 * 1024 * 1024, body_timeout: Duration::from_secs(30), max_depth: 64 }
    }
}

/// Reads the utilization of a thread pool, 0 to 100 per cent. By default there is none, and it is 0.
#[derive(Clone)]
pub struct PoolGauge(Arc<dyn Fn() -> f64 + Send + Sync>);

impl PoolGauge {
    pub fn new(percent: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(percent))
    }

    fn percent(&self) -> f64 {
        (self.0)()
    }
}

impl Default for PoolGauge {
    fn default() -> Self {
        Self::new(|| 0.0)
    }
}

impl fmt::Debug for PoolGauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolGauge").field(&self.percent()).finish()
    }
}

/// The API and its documentation.
pub fn router(state: ApiState) -> Router {
    let (resources, document) = resources(state.examples).split_for_parts();
    let routes = resources.merge(docs::router(&openapi::complete(&document, Offer::of(&state))));
    framed(if state.dashboard { routes.merge(dashboard::router()) } else { routes }, Arc::new(state))
}

/// Only what says how the process does: `/live`, `/ready` and `/metrics`.
pub fn probes(state: ApiState) -> Router {
    let (probes, _) =
        OpenApiRouter::new().merge(health::router(&Readiness::default())).merge(metrics::router()).split_for_parts();
    framed(probes, Arc::new(state))
}

fn framed(routes: Router<Api>, api: Api) -> Router {
    let around = Arc::clone(&api);
    routes
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(layer_fn(move |route| frame::Framed::new(route, Arc::clone(&around))))
        .with_state(api)
}

/// What there is to ask for. What is switched off is not described either.
fn resources(examples: bool) -> OpenApiRouter<Api> {
    let readiness = Readiness::default();
    let always = OpenApiRouter::with_openapi(openapi::head())
        .merge(enqueue::router())
        .merge(status::router())
        .merge(jobs::router())
        .merge(failed::router())
        .merge(stats::router())
        .merge(queues::router())
        .merge(session::router())
        .merge(health::router(&readiness))
        .merge(metrics::router())
        .merge(v1::router(&readiness));
    if examples { always.merge(examples::router()) } else { always }
}

async fn no_route(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::RouteNotFound, format!("{method} {} leads nowhere; /openapi.json lists what does", uri.path()))
}

async fn no_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{method} {}: the header allow lists what is", uri.path()))
}

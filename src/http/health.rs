//! `/live` and `/ready`: for whoever decides about restarts and about traffic.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::code::Code;
use super::edge::open;
use super::error::{Problem, ProblemBody};
use super::{Api, ApiState};
use crate::circuit::{Circuit, Phase};
use crate::clock::Stopwatch;
use crate::queue::StoreError;

/// Longest that `ready` waits for the store: less than balancers wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long what the store has said is passed on: anyone may ask, as often as they like, and the store is not to notice.
const FRESH: Duration = Duration::from_millis(500);

pub(super) fn router(readiness: &Readiness) -> OpenApiRouter<Api> {
    let routes = OpenApiRouter::new().routes(open(routes!(live))).routes(open(routes!(ready)));
    routes.layer(Extension(readiness.clone()))
}

/// What the store said last.
#[derive(Debug, Clone, Default)]
pub(super) struct Readiness(Arc<Mutex<Option<Said>>>);

#[derive(Debug)]
struct Said {
    since: Stopwatch,
    answer: Result<String, StoreError>,
}

impl Readiness {
    /// How safe stored jobs are, or why the store is not ready. Whoever asks while it is being asked waits for its answer.
    pub(super) async fn of(&self, api: &ApiState) -> Result<String, StoreError> {
        let mut last = self.0.lock().await;
        // An open breaker knows better, and costs nothing.
        let is_open = api.circuit.as_ref().is_some_and(|circuit| circuit.phase() == Phase::Open);
        if let Some(said) = last.as_ref().filter(|said| said.since.elapsed() < FRESH && !is_open) {
            return said.answer.clone();
        }
        let asked = timeout(PATIENCE, durability(api)).await;
        let answer = asked.unwrap_or_else(|_elapsed| Err(StoreError::Unavailable("no answer within 2 s".into())));
        *last = Some(Said { since: Stopwatch::start(), answer: answer.clone() });
        answer
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "alive"}))]
struct Alive {
    /// `alive`.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ready", "store": "sqlite", "durability": "fsync on every commit", "breaker": "closed"}))]
struct Ready {
    /// `ready`.
    status: &'static str,
    /// Name of the store's driver.
    #[schema(value_type = String)]
    store: Arc<str>,
    /// How safe stored jobs are, in words.
    durability: String,
    /// `closed`; or `half_open` when the store answers again after an outage and the next call will show whether all is
    /// well. While it is `open` the answer is 503.
    breaker: &'static str,
}

/// Says that the process answers. The store is not asked: restarting us would not mend it.
#[utoipa::path(
    get,
    path = "/live",
    operation_id = "getLive",
    tag = "health",
    responses((status = 200, description = "The process answers.", body = Alive))
)]
async fn live() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Says whether to send requests here: the store answers, and we are not about to leave.
#[utoipa::path(
    get,
    path = "/ready",
    operation_id = "getReady",
    tag = "health",
    responses(
        (status = 200, description = "Send requests.", body = Ready),
        (status = 500, description = "A fault of the server.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "The store does not answer within 2 s, or the server is shutting down.",
            body = ProblemBody, content_type = "application/problem+json",
            headers(("Retry-After" = u32, description = "Seconds to wait."))),
    )
)]
async fn ready(State(api): State<Api>, Extension(readiness): Extension<Readiness>) -> Result<Json<Ready>, Problem> {
    if api.shutdown.is_cancelled() {
        return Err(Problem::new(Code::ShuttingDown, "send requests to another server"));
    }
    let durability = readiness.of(&api).await.map_err(|error| {
        let code = Problem::from(error.clone()).code;
        Problem::new(code, format!("the store ({}) is not ready{}", api.store_name, left_alone(&api))).because(&error)
    })?;
    let breaker = api.circuit.as_ref().map_or(Phase::Closed, Circuit::phase).as_str();
    Ok(Json(Ready { status: "ready", store: Arc::clone(&api.store_name), durability, breaker }))
}

/// Ends the sentence with what the breaker has to say.
fn left_alone(api: &ApiState) -> String {
    match api.circuit.as_ref().map(Circuit::remaining) {
        Some(remaining) if !remaining.is_zero() => {
            format!(", its breaker is open for {:.1} s more", remaining.as_secs_f64())
        }
        _ => String::new(),
    }
}

async fn durability(api: &ApiState) -> Result<String, StoreError> {
    let store = api.manager.store();
    store.ping().await?;
    store.durability().await
}

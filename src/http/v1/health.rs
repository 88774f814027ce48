//! `/api/v1/health`: how the server and its store do, and whether what the store keeps agrees with itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use journeyman_job::{JobId, QueueName};
use serde::Serialize;
use tokio::sync::Semaphore;
use tracing::warn;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::code::Code;
use super::super::detached::detached;
use super::super::edge::{Deed, needs};
use super::super::error::{Problem, ProblemBody};
use super::super::health::Readiness;
use super::super::words::{BreakerWord, ClassWord, FlawWord};
use super::overview::breaker;
use crate::access::Scope;
use crate::clock::Stopwatch;
use crate::queue::operations::{Check, Level};
use crate::queue::{Class, Finding, Flaw, StoreError, Verified};

/// Findings of one flaw that are shown.
const SHOWN: usize = 20;

pub(super) fn router(readiness: &Readiness) -> OpenApiRouter<Api> {
    let verifying = Verifying(Arc::new(Semaphore::new(1)));
    OpenApiRouter::new()
        .routes(needs(Scope::Read, routes!(health)))
        .routes(needs(Scope::Operate, routes!(verify)))
        .layer(Extension(verifying))
        .layer(Extension(readiness.clone()))
}

/// One verification at a time: it reads the whole store.
#[derive(Debug, Clone)]
struct Verifying(Arc<Semaphore>);

/// How the server and its store do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "store": "SQLite data/journeyman.db",
    "durability": "fsync on every commit",
    "ready": true,
    "breaker": "closed",
    "checks": [{"name": "paused", "ok": true, "detail": "no queue is paused"}]
}))]
struct Health {
    /// Which store it is.
    #[schema(value_type = String)]
    store: Arc<str>,
    /// How safe stored jobs are, in words; `null` while the store does not say.
    #[schema(required)]
    durability: Option<String>,
    /// Whether `/ready` says so.
    ready: bool,
    /// Of the circuit around the store; `null` around one that needs none.
    #[schema(value_type = Option<BreakerWord>, required)]
    breaker: Option<&'static str>,
    checks: Vec<HealthCheck>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, ToSchema)]
struct HealthCheck {
    name: &'static str,
    /// Whether there is nothing to do about it.
    ok: bool,
    detail: String,
}

/// Tells how the server and its store do; it answers also while the store does not.
#[utoipa::path(
    get,
    path = "/api/v1/health",
    operation_id = "v1GetHealth",
    tag = "health",
    responses((status = 200, description = "How they do.", body = Health))
)]
async fn health(State(api): State<Api>, Extension(readiness): Extension<Readiness>) -> Json<Health> {
    let durability = readiness.of(&api).await.ok();
    let checks = match &durability {
        Some(_) => api.operations.checkup(&api.store_name, api.clock.now()).await,
        None => vec![Check::new("store", Level::Fail, "not ready")],
    };
    Json(Health {
        store: Arc::clone(&api.store_name),
        ready: durability.is_some() && !api.shutdown.is_cancelled(),
        durability,
        breaker: breaker(&api),
        checks: checks.into_iter().map(HealthCheck::from).collect(),
    })
}

impl From<Check> for HealthCheck {
    fn from(Check { name, level, message }: Check) -> Self {
        if level == Level::Fail {
            // What a store says of its failure may name addresses.
            warn!(check = name, reason = message, "a check of the store's health failed");
            return Self { name, ok: false, detail: "the store does not answer; the server's log says why".to_owned() };
        }
        Self { name, ok: level == Level::Ok, detail: message }
    }
}

/// What a look through the whole store came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "clean": false,
    "checked": {"queues": 3, "jobs": 115, "entries": 115, "reserved": 1, "keys": 0, "failed": 2, "outbox": 0},
    "findings": [{
        "flaw": "wrong_count",
        "class": "queues",
        "count": 1,
        "samples": [{
            "queue_name": "default", "task_id": null, "what": "pending: 11 are counted, 10 are there",
            "remedy": "counts them anew", "by_hand": false
        }]
    }],
    "seconds": 0.012
}))]
struct Verification {
    /// Whether nothing is wrong.
    clean: bool,
    /// How many were looked at, of each class.
    #[schema(value_type = std::collections::BTreeMap<String, u64>)]
    checked: BTreeMap<&'static str, u64>,
    /// By flaw. `journeyman doctor verify --repair` puts right what needs no guess.
    findings: Vec<Flawed>,
    /// How long it took.
    seconds: f64,
}

/// What has one flaw.
#[derive(Debug, Serialize, ToSchema)]
struct Flawed {
    #[schema(value_type = FlawWord)]
    flaw: Flaw,
    #[schema(value_type = ClassWord)]
    class: Class,
    count: u64,
    /// Some of them, at most 20.
    samples: Vec<Sample>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
struct Sample {
    /// `null` if it concerns no single queue, or one whose name cannot be read.
    #[schema(value_type = Option<String>, required)]
    queue_name: Option<QueueName>,
    #[schema(value_type = Option<Uuid>, required)]
    task_id: Option<JobId>,
    what: String,
    remedy: String,
    /// Whether a person has to decide.
    by_hand: bool,
}

/// Looks through everything that the store keeps, while others go on, and proves that it agrees with itself. Writes nothing.
///
/// It reads the whole store: the answer comes when all is read. A second one at the same time is refused. A client that
/// leaves does not end it.
#[utoipa::path(
    post,
    path = "/api/v1/health/verify",
    operation_id = "v1VerifyStore",
    tag = "health",
    responses(
        (status = 200, description = "What was found.", body = Verification),
        (status = 409, description = "Another one is under way in this process.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn verify(
    State(api): State<Api>,
    deed: Deed,
    Extension(Verifying(place)): Extension<Verifying>,
) -> Result<Json<Verification>, Problem> {
    let Ok(place) = place.try_acquire_owned() else {
        return Err(Problem::new(Code::AlreadyRunning, "the store is being looked through; wait for that to end"));
    };
    let store = Arc::clone(api.operations.store());
    let look = async move {
        let watch = Stopwatch::start();
        let verified = store.verify().await;
        drop(place);
        Ok::<_, StoreError>((verified?, watch.elapsed().as_secs_f64()))
    };
    let (verified, seconds) = detached(look).await?;
    deed.came_to(format!("{} findings", verified.total()));
    Ok(Json(Verification::of(verified, seconds)))
}

impl Verification {
    fn of(verified: Verified, seconds: f64) -> Self {
        let mut samples: BTreeMap<Flaw, Vec<Sample>> = BTreeMap::new();
        let (clean, checked) = (verified.is_clean(), Class::ALL.map(|class| (class.as_str(), verified.checked(class))));
        for finding in verified.findings {
            let of_flaw = samples.entry(finding.flaw).or_default();
            if of_flaw.len() < SHOWN {
                of_flaw.push(finding.into());
            }
        }
        let flawed = |(flaw, count): (Flaw, u64)| Flawed {
            flaw,
            class: flaw.class(),
            count,
            samples: samples.remove(&flaw).unwrap_or_default(),
        };
        let findings = verified.totals.into_iter().map(flawed).collect();
        Self { clean, checked: checked.into(), findings, seconds: (seconds * 1000.0).round() / 1000.0 }
    }
}

impl From<Finding> for Sample {
    fn from(finding: Finding) -> Self {
        Self {
            queue_name: QueueName::new(&finding.queue).ok(),
            task_id: finding.job,
            what: finding.what,
            by_hand: finding.remedy.is_by_hand(),
            remedy: finding.remedy.as_str().to_owned(),
        }
    }
}

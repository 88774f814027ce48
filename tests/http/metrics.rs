//! R52: `/metrics`, as Prometheus reads it.

use journeyman::access::{ApiKey, Keys, Scope, Scopes};
use journeyman::circuit::{Circuit, CircuitOptions};
use journeyman::http::{Access, Edge, EdgeOptions, WorkerGauge};
use journeyman::metrics::{Metrics, Workers};
use journeyman::queue::{Settlement, StoreError, Trail};
use serde_json::json;

use super::api::{Api, anything};
use super::faulty::Fault;

fn measured() -> Api {
    Api::with(|state| {
        state.metrics = Some(Metrics::new());
        state.circuit = Some(Circuit::new(CircuitOptions::default()));
        state.workers = WorkerGauge::new(|| Workers { slots: 5, busy: 3, pool_size: 20, pool_utilization: 0.85 });
    })
}

/// The samples: name and labels, then the value.
async fn samples(api: &Api) -> Vec<(String, f64)> {
    let answer = api.get("/metrics").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(answer.text().ends_with("# EOF\n"));
    let lines = answer.text().lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

fn value(samples: &[(String, f64)], name: &str) -> f64 {
    samples.iter().find(|(given, _)| given == name).unwrap_or_else(|| panic!("{name} in {samples:#?}")).1
}

#[tokio::test]
async fn r52_queues_workers_requests_and_the_store_are_told_in_numbers() {
    let api = measured();
    api.enqueue(&anything(json!({"priority": "high"}))).await;
    api.enqueue(&anything(json!({"delay": 60}))).await;
    let failing = api.enqueue(&anything(json!({"queue_name": "mail"}))).await;
    let job = api.reserve("mail").await;
    api.settle(job, Settlement::Fail { error: journeyman::job::JobError::fatal("no") }, &Trail::default()).await;
    api.status(failing).await;
    api.get("/api/queue/status/1").await;
    api.get("/nowhere/7f3a").await;
    let samples = samples(&api).await;
    for (name, expected) in [
        ("journeyman_queue_jobs{queue=\"default\",state=\"pending\"}", 1.0),
        ("journeyman_queue_jobs{queue=\"default\",state=\"delayed\"}", 1.0),
        ("journeyman_queue_jobs{queue=\"mail\",state=\"failed\"}", 1.0),
        ("journeyman_queue_pending_jobs{queue=\"default\",priority=\"high\"}", 1.0),
        ("journeyman_jobs_enqueued_total{queue=\"default\"}", 2.0),
        ("journeyman_jobs_processed_total{queue=\"mail\"}", 1.0),
        ("journeyman_jobs_failed_total{queue=\"mail\"}", 1.0),
        ("journeyman_jobs_retried_total{queue=\"mail\"}", 0.0),
        ("journeyman_job_timeouts_total{queue=\"mail\"}", 0.0),
        ("journeyman_thread_pool_exhaustion_total{queue=\"mail\"}", 0.0),
        ("journeyman_worker_slots", 5.0),
        ("journeyman_worker_slots_busy", 3.0),
        ("journeyman_thread_pool_size", 20.0),
        ("journeyman_thread_pool_utilization_ratio", 0.85),
        ("journeyman_store_up", 1.0),
        ("journeyman_store_breaker_state{state=\"closed\"}", 1.0),
        ("journeyman_store_breaker_opened_total", 0.0),
        (&format!("journeyman_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert!((value(&samples, name) - expected).abs() < f64::EPSILON, "{name} in {samples:#?}");
    }
    let requests = |route: &str, status: u16, method: &str| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        value(&samples, &format!("journeyman_http_request_duration_seconds_count{{{labels}}}")) as u64
    };
    assert_eq!(requests("/api/queue/enqueue", 201, "POST"), 3);
    assert_eq!(requests("/api/queue/status/{task_id}", 200, "GET"), 1);
    assert_eq!(requests("/api/queue/status/{task_id}", 422, "GET"), 1);
    assert_eq!(requests("(none)", 404, "GET"), 1);
}

#[tokio::test]
async fn r52_while_the_store_is_away_the_process_still_tells_of_itself() {
    let api = measured();
    api.enqueue(&anything(json!({}))).await;
    api.store.break_with(Fault::Fails(StoreError::Unavailable("away".into())));
    let samples = samples(&api).await;
    assert!(value(&samples, "journeyman_store_up").abs() < f64::EPSILON);
    assert!(samples.iter().all(|(name, _)| !name.starts_with("journeyman_queue_jobs")));
}

#[tokio::test]
async fn r52_metrics_need_the_scope_read_unless_they_are_open() {
    let made = |scope: Scope| ApiKey::generate(scope.as_str(), Scopes::new(&[scope]).unwrap(), None, [1; 32]).unwrap();
    let (_, key) = made(Scope::Read);
    for open in [false, true] {
        let access = Access::Keys(Keys::new(vec![key.clone()]).unwrap());
        let edge = Edge::new(EdgeOptions { access, metrics_open: open, ..EdgeOptions::default() });
        let api = Api::with(|state| (state.metrics, state.edge) = (Some(Metrics::new()), edge));
        assert_eq!(api.get("/metrics").await.status, if open { 200 } else { 401 });
        assert_eq!(api.get("/api/queue/stats").await.status, 401, "nothing else is open");
    }
    Api::new().get("/metrics").await.problem(404, "route_not_found");
}

//! R11: a function is all it takes, from the API's door to the result.

use std::sync::Once;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use journeyman::clock::SystemClock;
use journeyman::http::{ApiLimits, ApiState, Builtins, Edge, PoolGauge, WorkerGauge, router};
use journeyman::job::{ErrorKind, JobId, prelude::*};
use journeyman::queue::operations::Operations;
use journeyman::queue::{Body as StoredBody, JobRecord, State};
use journeyman::webhook::Rules;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Rig;
use super::jobs::Diary;

#[derive(Debug, Deserialize, JsonSchema)]
struct Transfer {
    amount: u32,
}

/// Once for all tests: the registry is the process's.
fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register_handler("handler.calculate", |data: Value, ctx: JobContext| async move {
            let Some(amount) = data["amount"].as_f64() else { return json!(false) };
            json!({"credited": amount * 0.9, "attempt": ctx.attempt()})
        })
        .unwrap();
        register_handler("handler.whole", |data: RawJson, _| async move { data }).unwrap();
        let transfer = Handler::named("handler.transfer").queue("transfers").max_tries(2);
        transfer
            .register(|transfer: Transfer, ctx: JobContext| async move {
                ctx.require::<Diary>()?.note(format!("transfer {} attempt {}", transfer.amount, ctx.attempt()));
                if ctx.attempt() == 1 { Err(JobError::new("line busy")) } else { Ok(true) }
            })
            .unwrap();
        let slow = Handler::named("handler.slow").timeout(Duration::from_millis(50)).max_tries(1);
        slow.register(|_: Value, _| std::future::pending::<()>()).unwrap();
        register_handler("handler.panics", |_: Value, _| async { panic!("as told") as bool }).unwrap();
    });
}

pub(super) fn api(rig: &Rig) -> Router {
    register();
    router(ApiState {
        circuit: None,
        edge: Edge::default(),
        metrics: None,
        workers: WorkerGauge::default(),
        manager: rig.manager.clone(),
        operations: Operations::new(std::sync::Arc::clone(rig.manager.store()), []),
        limits: ApiLimits { max_body: 1 << 20, body_timeout: Duration::from_secs(1), max_depth: 64 },
        pool: PoolGauge::default(),
        clock: std::sync::Arc::new(SystemClock::default()),
        store_name: "memory".into(),
        shutdown: tokio_util::sync::CancellationToken::new(),
        dashboard: false,
        examples: false,
        builtins: Builtins::default(),
        callbacks: Rules::default(),
    })
}

pub(super) async fn post(api: &Router, body: String) -> (u16, Value) {
    let request = Request::post("/api/queue/enqueue").header("content-type", "application/json");
    let answer = api.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

pub(super) async fn status(api: &Router, id: JobId) -> Value {
    let request = Request::get(format!("/api/queue/status/{id}")).body(Body::empty()).unwrap();
    let body = api.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

pub(super) async fn enqueue(api: &Router, task_type: &str, data: &str) -> JobId {
    let (status, answer) = post(api, format!(r#"{{"task_type":"{task_type}","task_data":{data}}}"#)).await;
    assert_eq!(status, 201, "{answer}");
    answer["task_id"].as_str().unwrap().parse().unwrap()
}

fn result(record: &JobRecord) -> &str {
    record.trail.result.as_ref().unwrap().get()
}

#[tokio::test]
async fn r11_a_handler_runs_what_the_api_enqueued_and_its_value_is_the_result() {
    let rig = Rig::new();
    let (api, worker) = (api(&rig), rig.start());
    let calculated = rig.until(enqueue(&api, "handler.calculate", r#"{"amount":10}"#).await, State::Completed).await;
    assert_eq!(serde_json::from_str::<Value>(result(&calculated)).unwrap(), json!({"credited": 9.0, "attempt": 1}));
    assert_eq!(StoredBody::read(&calculated.body).unwrap().options.timeout, Duration::from_secs(30));
    let exact = r#"{"n":9007199254740993,"list":[ ]}"#;
    let whole = rig.until(enqueue(&api, "handler.whole", exact).await, State::Completed).await;
    assert_eq!(result(&whole), exact);
    worker.stop().await;
}

#[tokio::test]
async fn r11_false_is_a_failure_and_so_is_an_error_a_panic_and_a_time_limit() {
    let rig = Rig::new();
    let (api, worker) = (api(&rig), rig.work(super::WorkerOptions { all_queues: true, ..rig.options() }));
    let no = rig.until(enqueue(&api, "handler.calculate", "{}").await, State::Failed).await;
    assert_eq!(no.trail.error.as_ref().unwrap().kind(), ErrorKind::Error);
    assert_eq!(no.attempts, 3);

    let moved = rig.until(enqueue(&api, "handler.transfer", r#"{"amount":5}"#).await, State::Completed).await;
    assert_eq!((result(&moved), moved.queue.as_str()), ("true", "transfers"));
    assert_eq!(rig.diary.notes(), ["transfer 5 attempt 1", "transfer 5 attempt 2"]);

    for (name, kind) in [("handler.slow", ErrorKind::Timeout), ("handler.panics", ErrorKind::Panic)] {
        let failed = rig.until(enqueue(&api, name, "{}").await, State::Failed).await;
        assert_eq!(failed.trail.error.unwrap().kind(), kind);
    }
    worker.stop().await;
}

#[tokio::test]
async fn r11_the_api_refuses_what_a_handler_cannot_take() {
    let rig = Rig::new();
    let api = api(&rig);
    for (data, pointer) in
        [(r#"{"amount":"5"}"#, "/task_data/amount"), ("{}", "/task_data/amount"), ("[5]", "/task_data")]
    {
        let (status, problem) = post(&api, format!(r#"{{"task_type":"handler.transfer","task_data":{data}}}"#)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    let (status, problem) = post(&api, r#"{"task_type":"handler.transfr"}"#.into()).await;
    assert_eq!(status, 422);
    assert!(problem.to_string().contains("handler.transfer"), "{problem}");
    assert_eq!(rig.manager.store().queues().await.unwrap(), [], "nothing was stored");
}

//! The server itself: who asks, what it knows, how it does at a glance.

use axum::body::Body;
use axum::http::Request;
use journeyman::access::{ApiKey, Keys, Scope, Scopes};
use journeyman::circuit::{Circuit, CircuitOptions};
use journeyman::clock::Clock;
use journeyman::http::{Access, Edge, EdgeOptions};
use journeyman::queue::{StoreError, WorkerState};
use serde_json::{Value, json};

use super::super::api::{Api, anything};
use super::super::faulty::Fault;
use super::workers::tells;
use super::{completed, failed, ok};

async fn me(api: &Api, key: &str) -> Value {
    let request = Request::get("/api/v1/me").header("authorization", format!("Bearer {key}"));
    ok(&api.send(request.body(Body::empty()).unwrap()).await)
}

#[tokio::test]
async fn r45_whoever_asks_is_told_who_they_are_and_what_they_may() {
    let all = json!(["enqueue", "read", "work", "operate", "admin"]);
    assert_eq!(ok(&Api::new().get("/api/v1/me").await), json!({"keys": false, "name": null, "scopes": all}));
    let cases = [
        ("worker", vec![Scope::Work], json!(["work"])),
        ("page", vec![Scope::Read, Scope::Operate], json!(["read", "operate"])),
        ("root", vec![Scope::Admin], all),
    ];
    let made = cases.iter().zip(1..).map(|((name, scopes, _), byte)| {
        ApiKey::generate(name, Scopes::new(scopes).unwrap(), None, [byte; 32]).unwrap()
    });
    let made: Vec<_> = made.collect();
    let keys = Keys::new(made.iter().map(|(_, key)| key.clone()).collect()).unwrap();
    let access = Access::Keys(keys);
    let api = Api::with(|state| state.edge = Edge::new(EdgeOptions { access, ..EdgeOptions::default() }));
    for ((name, _, scopes), (text, _)) in cases.iter().zip(&made) {
        assert_eq!(me(&api, text).await, json!({"keys": true, "name": name, "scopes": scopes}));
    }
    api.get("/api/v1/me").await.problem(401, "key_required");
}

#[tokio::test]
async fn the_overview_adds_up_what_the_queues_hold() {
    let api = Api::with(|state| {
        state.circuit = Some(Circuit::new(CircuitOptions::default()));
        state.examples = true;
    });
    for queue in ["a", "b"] {
        completed(&api, &anything(json!({"queue_name": queue}))).await;
        failed(&api, &anything(json!({"queue_name": queue})), "no").await;
        api.enqueue(&anything(json!({"queue_name": queue}))).await;
    }
    tells(&api, WorkerState::Running, &["a"]).await;
    let overview = ok(&api.get("/api/v1/overview").await);
    let durability = overview["durability"].clone();
    assert!(durability.as_str().is_some_and(|words| !words.is_empty()), "{overview}");
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "store": "memory",
        "durability": durability,
        "breaker": "closed",
        "status_time": api.clock.now().to_rfc3339(),
        "totals": {"pending": 2, "delayed": 0, "reserved": 0, "completed": 2, "failed": 2, "cancelled": 0},
        "counters": {"enqueued": 6, "processed": 4, "failed": 2, "retried": 0, "timeouts": 0},
        "workers": {"count": 1, "slots": 8, "busy": 3},
        "examples": true
    });
    assert_eq!(overview, expected);
    let plain = ok(&Api::new().get("/api/v1/overview").await);
    assert_eq!((&plain["breaker"], &plain["workers"]["count"]), (&Value::Null, &json!(0)));
}

#[tokio::test]
async fn a_store_that_fails_is_told_and_nothing_of_its_address() {
    let api = Api::new();
    let routes =
        ["/api/v1/overview", "/api/v1/queues", "/api/v1/jobs", "/api/v1/jobs/0198c0de-7a11-7000-8000-00000000c8e5"];
    api.store.break_with(Fault::Fails(StoreError::Unavailable("secret://10.1.2.3".into())));
    for route in routes {
        let problem = api.get(route).await.problem(503, "store_unavailable");
        assert!(!problem.to_string().contains("10.1.2.3"), "{problem}");
    }
}

#[tokio::test]
async fn every_type_is_listed_with_its_schema_and_whether_it_may_be_enqueued() {
    let offered = async |api: &Api, name: &str| {
        let answer = ok(&api.get("/api/v1/types").await);
        let types = answer["types"].as_array().unwrap().clone();
        let names: Vec<&str> = types.iter().map(|one| one["task_type"].as_str().unwrap()).collect();
        assert!(names.is_sorted() && names.len() > 10, "{names:?}");
        types.into_iter().find(|one| one["task_type"] == name).unwrap()
    };
    let api = Api::new();
    let order = offered(&api, "http_order").await;
    assert_eq!((&order["offered"], &order["description"]), (&json!(true), &json!("A payload with something in it.")));
    assert_eq!(order["schema"]["required"], json!(["customer", "items"]));
    assert!(order["rust_type"].as_str().unwrap().ends_with("::Order"), "{order}");
    assert!(order["source"].as_str().unwrap().contains("jobs.rs:"), "{order}");
    assert_eq!(offered(&api, "echo").await["offered"], false);
    assert_eq!(offered(&Api::with(|state| state.examples = true), "echo").await["offered"], true);
}

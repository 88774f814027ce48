//! How the server and its store do.

use std::time::Duration;

use journeyman::circuit::{Circuit, CircuitOptions};
use journeyman::queue::StoreError;
use serde_json::{Value, json};

use super::super::api::{Api, anything, on_every_store};
use super::super::faulty::Fault;
use super::{failed, ok};
use crate::support::eventually;

on_every_store!(a_store_that_agrees_with_itself_is_clean, what_is_worth_a_word_is_told);

fn check<'a>(health: &'a Value, name: &str) -> &'a Value {
    health["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()
}

async fn what_is_worth_a_word_is_told(api: Api) {
    let health = ok(&api.get("/api/v1/health").await);
    assert_eq!((&health["ready"], &health["breaker"]), (&json!(true), &Value::Null));
    assert!(health["durability"].is_string() && health["store"] == "memory", "{health}");
    for name in ["store", "clock", "paused", "failed", "waiting"] {
        assert_eq!(check(&health, name)["ok"], true, "{health}");
    }
    failed(&api, &anything(json!({})), "no").await;
    api.enqueue(&anything(json!({"queue_name": "idle"}))).await;
    api.request_post("/api/v1/queues/a/pause").await;
    api.clock.advance(Duration::from_secs(16 * 60));
    let health = ok(&api.get("/api/v1/health").await);
    for (name, words) in [("paused", "a;"), ("failed", "1 failed jobs"), ("waiting", "idle has waited 16m")] {
        let check = check(&health, name);
        assert!(check["ok"] == false && check["detail"].as_str().unwrap().contains(words), "{check}");
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_told_and_its_address_is_not() {
    let api = Api::with(|state| state.circuit = Some(Circuit::new(CircuitOptions::default())));
    api.store.break_with(Fault::Fails(StoreError::Unavailable("secret://10.1.2.3".into())));
    let answer = api.get("/api/v1/health").await;
    let health = ok(&answer);
    assert_eq!(
        (&health["ready"], &health["durability"], &health["breaker"]),
        (&json!(false), &Value::Null, &json!("closed"))
    );
    assert_eq!((check(&health, "store")["ok"].clone(), health["checks"].as_array().unwrap().len()), (json!(false), 1));
    assert!(!answer.text().contains("10.1.2.3"), "{health}");
    api.store.mend();
    eventually("it is ready again", async || ok(&api.get("/api/v1/health").await)["ready"] == true).await;
    api.shutdown.cancel();
    assert_eq!(ok(&api.get("/api/v1/health").await)["ready"], false);
}

async fn a_store_that_agrees_with_itself_is_clean(api: Api) {
    failed(&api, &anything(json!({})), "no").await;
    let report = ok(&api.request_post("/api/v1/health/verify").await);
    assert_eq!((&report["clean"], &report["findings"]), (&json!(true), &json!([])));
    assert_eq!((&report["checked"]["jobs"], &report["checked"]["queues"]), (&json!(1), &json!(1)));
    assert!(report["seconds"].is_number(), "{report}");
}

#[tokio::test]
async fn one_look_through_the_store_at_a_time() {
    let api = Api::new();
    api.store.break_with(Fault::Hangs);
    let first = tokio::time::timeout(Duration::from_millis(100), api.request_post("/api/v1/health/verify")).await;
    assert!(first.is_err(), "it waits for the store");
    // Its client has left, and the look goes on.
    let problem = api.request_post("/api/v1/health/verify").await.problem(409, "already_running");
    assert_eq!(problem["retryable"], true);
}

#[tokio::test]
async fn a_look_that_fails_makes_room_for_the_next() {
    let api = Api::new();
    api.store.break_with(Fault::Fails(StoreError::Unavailable("away".into())));
    api.request_post("/api/v1/health/verify").await.problem(503, "store_unavailable");
    api.store.mend();
    assert_eq!(ok(&api.request_post("/api/v1/health/verify").await)["clean"], true);
}

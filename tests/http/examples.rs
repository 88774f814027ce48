//! R41: the example endpoints; and which built-in types the API takes.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use journeyman::http::Builtins;
use serde_json::{Value, json};

use super::api::{Answer, Api};

async fn post(api: &Api, name: &str, body: &Value) -> Answer {
    let request = Request::post(format!("/api/queue/example/{name}")).header("content-type", "application/json");
    api.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn r41_every_field_at_fault_is_named_at_once() {
    let api = Api::with(|state| state.examples = true);
    let sound = json!({"user_id": "user123", "amount": 100, "currency": "USD", "transaction_id": "txn_456"});
    for (name, body, pointers) in [
        ("credit-purchase", json!({}), vec!["/user_id", "/amount", "/currency", "/transaction_id"]),
        (
            "credit-purchase",
            json!({"user_id": "a b", "amount": 0, "currency": "usd", "transaction_id": 7}),
            vec!["/user_id", "/amount", "/currency", "/transaction_id"],
        ),
        (
            "credit-purchase",
            json!({"user_id": null, "amount": -1, "currency": "USD", "transaction_id": "t"}),
            vec!["/user_id", "/amount"],
        ),
        (
            "credit-update",
            json!({"user_id": "u", "amount": "0.00", "transaction_id": "opening:u"}),
            vec!["/amount", "/transaction_id"],
        ),
        (
            "user-registration",
            json!({"user_id": "", "email": "nowhere", "credit_balance": -0.5}),
            vec!["/credit_balance", "/user_id", "/email"],
        ),
    ] {
        let answer = post(&api, name, &body).await;
        assert_eq!(answer.pointers(), pointers, "{name} {body}: {}", answer.text());
        assert!(!answer.text().contains(" at line "), "{}", answer.text());
    }
    // R42: what would have to be rounded is refused.
    for amount in [json!(0.00001), json!("1e3"), json!(1e15), json!([1]), json!("ten")] {
        let mut body = sound.clone();
        body["amount"] = amount;
        assert_eq!(post(&api, "credit-purchase", &body).await.pointers(), ["/amount"], "{body}");
    }
    let mut body = sound;
    body["note"] = "x".into();
    assert_eq!(post(&api, "credit-purchase", &body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.stored().await, 0);
}

#[tokio::test]
async fn r41_without_examples_there_is_nothing_there_nor_in_the_description() {
    let off = Api::new();
    let answer = post(&off, "credit-purchase", &json!({})).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let paths = |document: Value| document["paths"].as_object().unwrap().keys().any(|path| path.contains("/example/"));
    assert!(!paths(off.get("/openapi.json").await.json()));
    let on = Api::with(|state| state.examples = true);
    assert!(paths(on.get("/openapi.json").await.json()));
}

/// R25, R42: they reach beyond the queue, so callers get them only from an operator who says so.
#[tokio::test]
async fn r42_built_in_types_are_not_for_callers_unless_configured() {
    let webhook = json!({"task_type": "webhook", "task_data": {"url": "https://example.org", "body": 1}});
    let delete =
        json!({"task_type": "database_operation", "task_data": {"operation": "delete", "collection": "users"}});
    let closed = Api::with(|state| state.examples = true);
    for (body, setting) in [(&webhook, "callbacks.from_api"), (&delete, "tables.from_api")] {
        let answer = closed.post(body.to_string()).await;
        assert_eq!(answer.pointers(), ["/task_type"]);
        assert!(answer.text().contains(setting), "{}", answer.text());
    }
    let open = Api::with(|state| state.builtins = Builtins { webhook: true, database_operation: true });
    open.enqueue(&webhook).await;
    open.enqueue(&delete).await;
    assert_eq!(open.stored().await, 2);
}

//! R37, R26, R45: what enqueue takes, and that it stores exactly that.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::api::{Api, anything};

#[tokio::test]
async fn r37_an_enqueued_job_is_answered_with_201_and_where_its_status_is() {
    let api = Api::new();
    let answer = api.post(json!({"task_type": "http_order", "task_data": {"customer": "a", "items": []}}).to_string());
    let answer = answer.await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = answer.json();
    let id = body["task_id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/api/queue/status/{id}"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected = json!({
        "task_id": id, "operation_id": id, "job_id": id, "status": "pending", "queue_name": "orders",
        "task_type": "http_order", "deduplicated": false
    });
    assert_eq!(body, expected);
    let found = api.get(answer.header("location")).await.json();
    assert_eq!((&found["max_tries"], &found["queue_name"]), (&json!(5), &json!("orders")));
}

#[tokio::test]
async fn r37_what_the_caller_says_goes_over_what_the_type_says() {
    let api = Api::new();
    let body = json!({
        "queue_name": "other", "task_type": "http_tagged", "priority": "CRITICAL", "max_tries": 0, "timeout": 0.5,
        "tags": ["mine"]
    });
    let status = api.status(api.enqueue(&body).await).await;
    assert_eq!(status["queue_name"], "other");
    assert_eq!(status["priority"], "critical");
    assert_eq!(status["max_tries"], 0);
    assert_eq!(status["tags"], json!(["own", "mine"]));
}

#[tokio::test]
async fn r16_every_form_of_a_priority_is_taken() {
    let api = Api::new();
    for (given, expected) in
        [(json!(1), "low"), (json!(2), "normal"), (json!("High"), "high"), (json!("CRITICAL"), "critical")]
    {
        let id = api.enqueue(&anything(json!({"priority": given}))).await;
        assert_eq!(api.status(id).await["priority"], expected);
    }
}

#[tokio::test]
async fn r18_without_a_priority_the_types_own_goes_before_the_queues() {
    let api = Api::new();
    let plain = api.enqueue(&anything(json!({"queue_name": "slow"}))).await;
    assert_eq!(api.status(plain).await["priority"], "low");
    let elsewhere = api.enqueue(&anything(json!({}))).await;
    assert_eq!(api.status(elsewhere).await["priority"], "normal");
    let own = api.enqueue(&json!({"task_type": "http_tagged"})).await;
    assert_eq!(api.status(own).await["priority"], "low");
}

#[tokio::test]
async fn r19_a_delay_in_whole_or_decimal_seconds_or_a_time_makes_it_delayed() {
    let api = Api::new();
    for (given, expected) in [
        (json!({"delay": 90}), "2026-02-02T02:41:30.000000Z"),
        (json!({"delay": 1.5}), "2026-02-02T02:40:01.500000Z"),
        (json!({"run_at": "2026-02-02T03:40:00.25+01:00"}), "2026-02-02T02:40:00.250000Z"),
    ] {
        let answer = api.post(anything(given.clone()).to_string()).await.json();
        assert_eq!(answer["status"], "delayed", "{given}");
        let status = api.get(&format!("/api/queue/status/{}", answer["task_id"].as_str().unwrap())).await.json();
        assert_eq!((&status["status"], &status["available_at"]), (&json!("delayed"), &json!(expected)), "{given}");
    }
}

#[tokio::test]
async fn r19_no_delay_at_all_and_a_time_gone_by_mean_now() {
    let api = Api::new();
    for given in [json!({"delay": 0}), json!({"delay": 0.0}), json!({"run_at": "2020-01-01T00:00:00Z"})] {
        assert_eq!(api.post(anything(given.clone()).to_string()).await.json()["status"], "pending", "{given}");
    }
}

#[tokio::test]
async fn every_retry_config_is_taken() {
    let api = Api::new();
    for retry in [
        json!({}),
        json!({"strategy": "fixed", "delay": 0.5, "max_attempts": 1}),
        json!({"strategy": "exponential", "base": 3, "jitter": false, "timeout": 300}),
        json!({"strategy": "custom", "delays": [1, 2.5]}),
    ] {
        let id = api.enqueue(&anything(json!({"retry_config": retry}))).await;
        let tries = api.status(id).await["max_tries"].as_u64().unwrap();
        let expected = match retry["strategy"].as_str() {
            Some("fixed") => 1,
            Some("custom") => 3,
            _ => 5,
        };
        assert_eq!(tries, expected, "{retry}");
    }
}

#[tokio::test]
async fn the_payload_is_kept_byte_for_byte() {
    let api = Api::new();
    for data in [
        r#"{"value":[ ],  "z":1,"a":2}"#,
        r#"{"value":9007199254740993}"#,
        r#"{"value":{"n":1e400,"m":-0.0,"s":"\u00e4\/"}}"#,
        "{ }",
        "{\n  \"value\" : 1.10\n}",
    ] {
        let answer = api.post(format!(r#"{{"task_data": {data}, "task_type":"http_anything"}}"#)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let status = api.get(answer.header("location")).await;
        assert!(status.text().contains(&format!(r#""task_data":{data},"#)), "{}", status.text());
    }
}

#[tokio::test]
async fn a_missing_payload_is_an_empty_object() {
    let api = Api::new();
    let status = api.status(api.enqueue(&anything(json!({}))).await).await;
    assert_eq!(status["task_data"], json!({}));
}

#[tokio::test]
async fn r26_an_unknown_type_is_refused_with_a_suggestion_and_not_stored() {
    let api = Api::new();
    let answer = api.post(json!({"task_type": "http_ordre"}).to_string()).await;
    assert_eq!(answer.pointers(), ["/task_type"]);
    assert!(answer.text().contains("did you mean"), "{}", answer.text());
    assert!(answer.text().contains("http_order"), "{}", answer.text());
    assert_eq!(api.stored().await, 0);
}

#[tokio::test]
async fn r26_a_payload_that_does_not_fit_is_refused_by_pointer_and_not_stored() {
    let api = Api::new();
    for (data, pointer) in [
        (json!({"customer": 1, "items": []}), "/task_data/customer"),
        (json!({"items": []}), "/task_data/customer"),
        (json!({"customer": "a", "items": {}}), "/task_data/items"),
        (json!({"customer": "a", "items": [{"count": 1}, {"count": -1}]}), "/task_data/items/1/count"),
        (json!({"customer": "a", "items": [{}]}), "/task_data/items/0/count"),
        (json!({"customer": "a", "items": [{"count": 1, "a/b~c": "x"}]}), "/task_data/items/0/a~1b~0c"),
        (json!({"customer": "a", "items": [{"count": 1, "size": 1}]}), "/task_data/items/0/size"),
        (json!([]), "/task_data"),
        (json!(["a", []]), "/task_data"),
        (json!("text"), "/task_data"),
        (Value::Null, "/task_data"),
    ] {
        let answer = api.post(json!({"task_type": "http_order", "task_data": data}).to_string()).await;
        assert_eq!(answer.pointers(), [pointer], "{data}: {}", answer.text());
        assert!(!answer.text().contains(" at line "), "{}", answer.text());
    }
    assert_eq!(api.stored().await, 0);
}

#[tokio::test]
async fn r57_trial_types_need_a_server_that_was_told_to_take_them() {
    let trial_types =
        "noop echo flaky always_fails sleep blocking_sleep panics aborts_process record_callback".split(' ');
    let api = Api::new();
    for name in trial_types {
        let answer = api.post(json!({"task_type": name}).to_string()).await;
        assert_eq!(answer.pointers(), ["/task_type"]);
        assert!(answer.text().contains("--examples"), "{}", answer.text());
    }
    let told = Api::with(|state| state.examples = true);
    let answer = told.post(json!({"task_type": "aborts_process", "task_data": 1}).to_string()).await;
    assert!(!answer.text().contains("--examples"), "{}", answer.text());
}

#[tokio::test]
async fn r45_a_client_that_leaves_does_not_cut_an_enqueue_in_half() {
    let api = Api::new();
    let request = Request::post("/api/queue/enqueue").header("content-type", "application/json");
    let request = request.body(Body::from(anything(json!({})).to_string())).unwrap();
    let mut answering = Box::pin(api.router.clone().oneshot(request));
    // One poll reaches the store call and no farther; then the connection is gone.
    assert!(futures::poll!(answering.as_mut()).is_pending());
    drop(answering);
    crate::support::eventually("the job is stored", async || {
        tokio::time::sleep(Duration::from_millis(1)).await;
        api.stored().await == 1
    })
    .await;
}

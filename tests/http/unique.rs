//! R23, R24, R25, R37: the same work once, under the caller's own id, and what follows from its end.

use journeyman::job::{Callback, ErrorKind, JobError, JobId};
use journeyman::queue::{Body, CallbackEntry, Found, Inspector, Settlement, Trail};
use serde_json::{Value, json};

use super::api::{Api, anything};

const MINE: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

#[tokio::test]
async fn r24_the_same_dispatch_under_an_id_again_is_the_same_job() {
    let api = Api::new();
    let body = anything(json!({"operation_id": MINE, "task_data": {"value": 1}})).to_string();
    let first = api.post(body.clone()).await;
    assert_eq!((first.status.as_u16(), &first.json()["task_id"]), (201, &json!(MINE)));
    assert_eq!(first.header("location"), format!("/api/queue/status/{MINE}"));
    api.reserve("default").await;
    let again = api.post(body).await;
    let told = again.json();
    assert_eq!((again.status.as_u16(), &told["task_id"]), (200, &json!(MINE)));
    assert_eq!((&told["deduplicated"], &told["status"]), (&json!(true), &json!("reserved")));
    assert_eq!(api.stored().await, 1);
}

#[tokio::test]
async fn r24_another_body_or_queue_under_an_id_is_a_409_that_names_the_member() {
    let api = Api::new();
    api.enqueue(&anything(json!({"operation_id": MINE, "task_data": {"value": 1}}))).await;
    for other in [json!({"task_data": {"value": 2}}), json!({"queue_name": "other", "task_data": {"value": 1}})] {
        let mut body = anything(other);
        body["operation_id"] = json!(MINE);
        let problem = api.post(body.to_string()).await.problem(409, "operation_id_taken");
        assert_eq!(problem["errors"][0]["pointer"], "/operation_id");
        assert!(problem["detail"].as_str().unwrap().contains(MINE), "{problem}");
    }
    assert_eq!(api.stored().await, 1);
}

#[tokio::test]
async fn r23_while_a_job_with_the_key_has_not_ended_a_second_one_is_the_first() {
    let api = Api::new();
    let body = |value: u8, queue: &str| {
        anything(json!({"deduplication_key": "order-1", "queue_name": queue, "task_data": {"value": value}}))
    };
    let first = api.enqueue(&body(1, "default")).await;
    let second = api.post(body(2, "default").to_string()).await;
    let told = second.json();
    assert_eq!((second.status.as_u16(), &told["task_id"]), (200, &json!(first)));
    assert_eq!((&told["deduplicated"], &told["status"]), (&json!(true), &json!("pending")));
    assert_ne!(api.enqueue(&body(1, "other")).await, first);
    let job = api.reserve("default").await;
    api.settle(job, Settlement::Complete, &Trail::default()).await;
    assert_ne!(api.enqueue(&body(2, "default")).await, first);
}

#[tokio::test]
async fn r23_auto_goes_by_type_and_payload_however_it_is_written() {
    let api = Api::new();
    let post = async |data: &str| {
        let body = format!(r#"{{"task_type":"http_anything","deduplication_key":"auto","task_data":{data}}}"#);
        api.post(body).await.json()["task_id"].clone()
    };
    let first = post(r#"{"value": {"a": 1, "b": 2}}"#).await;
    assert_eq!(post(r#"{"value":{"b":2,"a":1}}"#).await, first);
    assert_ne!(post(r#"{"value":{"b":2,"a":1.0}}"#).await, first);
}

#[tokio::test]
async fn r23_r24_r25_what_is_none_is_refused_at_its_pointer() {
    let api = Api::new();
    let long = "k".repeat(256);
    for (more, pointer) in [
        (json!({"operation_id": "mine"}), "/operation_id"),
        (json!({"operation_id": 7}), "/operation_id"),
        (json!({"operation_id": null}), "/operation_id"),
        (json!({"deduplication_key": ""}), "/deduplication_key"),
        (json!({"deduplication_key": long}), "/deduplication_key"),
        (json!({"deduplication_key": ["a"]}), "/deduplication_key"),
        (json!({"on_success": "http_ordre"}), "/on_success"),
        (json!({"on_failure": {"task_type": "http_ordre"}}), "/on_failure/task_type"),
        (json!({"on_failure": {"task": "http_order"}}), "/on_failure/task"),
        (json!({"on_failure": {}}), "/on_failure/task_type"),
        (json!({"on_success": "http://example.org"}), "/on_success"),
        (json!({"on_success": {"task_type": "https://example.org"}}), "/on_success"),
        (json!({"on_success": "https://"}), "/on_success"),
        (json!({"on_success": "https://exa mple/"}), "/on_success"),
        (json!({"on_failure": "https://ann:secret@example.org/"}), "/on_failure"),
        (json!({"on_failure": "https://example.org:6379/"}), "/on_failure"),
        (json!({"on_success": "https://127.0.0.1/"}), "/on_success"),
        (json!({"on_success": "https://[::1]/"}), "/on_success"),
        (json!({"on_success": ""}), "/on_success"),
        (json!({"on_success": 1}), "/on_success"),
        (json!({"on_success": null}), "/on_success"),
        (json!({"on_success": "record_callback"}), "/on_success"),
    ] {
        let answer = api.post(anything(more.clone()).to_string()).await;
        assert_eq!(answer.pointers(), [pointer], "{more}: {}", answer.text());
    }
    let hint = api.post(anything(json!({"on_success": "http_ordre"})).to_string()).await;
    assert!(hint.text().contains("did you mean"), "{}", hint.text());
    assert_eq!(api.stored().await, 0);
    assert_eq!(api.post(anything(json!({"deduplication_key": "ä".repeat(255)})).to_string()).await.status, 201);
}

#[tokio::test]
async fn r25_callbacks_are_frozen_with_the_job_in_each_of_their_forms() {
    let api = Api::new();
    for (given, expected) in [
        (json!("http_order"), Callback::Job("http_order".into())),
        (json!({"task_type": "http_order"}), Callback::Job("http_order".into())),
        (json!("https://example.org/done"), Callback::Url("https://example.org/done".into())),
    ] {
        let id = api.enqueue(&anything(json!({"on_success": given, "on_failure": "http_tagged"}))).await;
        let Found::Here(record) = api.store.find(id).await.unwrap() else { panic!("stored") };
        let options = Body::read(&record.body).unwrap().options;
        assert_eq!(
            (options.on_success, options.on_failure),
            (Some(expected), Some(Callback::Job("http_tagged".into())))
        );
    }
}

#[tokio::test]
async fn r25_the_parents_status_lists_what_followed_from_it() {
    let api = Api::new();
    let id = api.enqueue(&anything(json!({"on_failure": "http_anything"}))).await;
    assert_eq!(api.status(id).await["callbacks"], json!([]));
    let job = api.reserve("default").await;
    let child: JobId = MINE.parse().unwrap();
    let error = JobError::of(ErrorKind::Fatal, "no card");
    let callbacks = vec![CallbackEntry { on: "failure".into(), id: child }];
    let trail = Trail { error: Some(error.clone()), callbacks, ..Trail::default() };
    api.settle(job, Settlement::Fail { error }, &trail).await;
    assert_eq!(api.status(id).await["callbacks"], json!([{"on": "failure", "task_id": MINE}]));
}

#[tokio::test]
async fn r25_a_trial_type_is_a_callback_only_where_trial_types_are_taken() {
    let told = Api::with(|state| state.examples = true);
    let answer = told.post(anything(json!({"on_success": "record_callback"})).to_string()).await;
    // The tests' binary does not know it, but it is not refused for being one.
    assert!(!answer.text().contains("--examples"), "{}", answer.text());
    let refused: Value = Api::new().post(anything(json!({"on_success": "noop"})).to_string()).await.json();
    assert!(refused["detail"].as_str().unwrap().contains("--examples"), "{refused}");
}

//! R22, R40: many jobs in one request.

use serde_json::{Value, json};

use super::api::{Answer, Api, anything};
use super::faulty::Fault;
use journeyman::queue::StoreError;

const MINE: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

async fn post(api: &Api, body: &Value) -> Answer {
    api.post_to("/api/queue/enqueue/batch", body.to_string()).await
}

fn results(answer: &Answer) -> Vec<Value> {
    answer.json()["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn r40_every_task_of_a_batch_has_its_result_in_order() {
    let api = Api::new();
    let tasks = [
        anything(json!({"queue_name": "a"})),
        json!({"task_type": "http_order", "task_data": {"customer": "x", "items": []}}),
        anything(json!({"delay": 60, "priority": "high"})),
    ];
    let answer = post(&api, &json!({"tasks": tasks})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let results = results(&answer);
    let told: Vec<_> = results.iter().map(|one| (&one["queue_name"], &one["task_type"], &one["status"])).collect();
    let expected = [
        ("a", "http_anything", "pending"),
        ("orders", "http_order", "pending"),
        ("default", "http_anything", "delayed"),
    ];
    assert_eq!(
        told,
        expected.map(|(q, t, s)| (json!(q), json!(t), json!(s))).iter().map(|(q, t, s)| (q, t, s)).collect::<Vec<_>>()
    );
    for one in &results {
        assert_eq!((&one["operation_id"], &one["job_id"]), (&one["task_id"], &one["task_id"]));
        let status = api.get(&format!("/api/queue/status/{}", one["task_id"].as_str().unwrap())).await.json();
        assert_eq!(status["queue_name"], one["queue_name"]);
    }
    assert_eq!(api.stored().await, 3);
}

#[tokio::test]
async fn r22_a_batch_with_faults_names_them_all_and_stores_nothing() {
    let api = Api::new();
    let tasks = json!([
        anything(json!({})),
        {"task_type": "http_ordre"},
        anything(json!({"delay": -1})),
        {"task_type": "http_order", "task_data": {"customer": "x", "items": [{"count": -1}]}},
        anything(json!({"prio": 1})),
        "http_anything",
        {"task_data": {}},
        anything(json!({"timeout": 0, "tags": [""]})),
    ]);
    let answer = post(&api, &json!({"tasks": tasks})).await;
    let expected = [
        "/tasks/1/task_type",
        "/tasks/2/delay",
        "/tasks/3/task_data/items/0/count",
        "/tasks/4/prio",
        "/tasks/5",
        "/tasks/6/task_type",
        "/tasks/7/timeout",
        "/tasks/7/tags",
    ];
    assert_eq!(answer.pointers(), expected, "{}", answer.text());
    assert_eq!(api.stored().await, 0);
}

#[tokio::test]
async fn r22_a_conflict_of_one_task_stores_none_and_names_it() {
    let api = Api::new();
    api.enqueue(&anything(json!({"operation_id": MINE, "task_data": {"value": 1}}))).await;
    let mut taken = anything(json!({"operation_id": MINE, "task_data": {"value": 2}}));
    let tasks = json!({"tasks": [anything(json!({})), anything(json!({"queue_name": "b"})), taken.take()]});
    let problem = post(&api, &tasks).await.problem(409, "operation_id_taken");
    assert_eq!(problem["errors"], json!([{"pointer": "/tasks/2/operation_id", "detail": "is the id of another job"}]));
    assert_eq!(api.stored().await, 1);
}

#[tokio::test]
async fn r40_a_batch_that_is_there_already_is_answered_with_200() {
    let api = Api::new();
    let tasks = json!({"tasks": [
        anything(json!({"operation_id": MINE})), anything(json!({"deduplication_key": "k"})),
    ]});
    let first = results(&post(&api, &tasks).await);
    let again = post(&api, &tasks).await;
    assert_eq!(again.status, 200);
    for (first, again) in first.iter().zip(results(&again)) {
        assert_eq!((&first["task_id"], &first["deduplicated"]), (&again["task_id"], &json!(false)));
        assert_eq!(again["deduplicated"], true);
    }
    assert_eq!(api.stored().await, 2);
}

#[tokio::test]
async fn r40_without_atomic_each_task_is_stored_or_refused_for_itself() {
    let api = Api::new();
    api.enqueue(&anything(json!({"operation_id": MINE, "task_data": {"value": 1}}))).await;
    let tasks = json!({"atomic": false, "tasks": [
        anything(json!({})),
        {"task_type": "http_ordre"},
        anything(json!({"operation_id": MINE})),
        anything(json!({"operation_id": MINE, "task_data": {"value": 1}})),
        7,
    ]});
    let answer = post(&api, &tasks).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let results = results(&answer);
    assert_eq!(results[0]["status"], "pending");
    assert_eq!(results[3]["deduplicated"], true);
    for (index, status, code, pointer) in [
        (1, 422, "validation_failed", "/tasks/1/task_type"),
        (2, 409, "operation_id_taken", "/tasks/2/operation_id"),
        (4, 422, "validation_failed", "/tasks/4"),
    ] {
        let error = &results[index]["error"];
        assert_eq!((&error["status"], &error["code"]), (&json!(status), &json!(code)), "{error}");
        assert_eq!(error["errors"][0]["pointer"], pointer);
        assert_eq!(error["request_id"], answer.header("x-request-id"));
    }
    assert_eq!(api.stored().await, 2);
    let none = post(&api, &json!({"atomic": false, "tasks": [7]})).await;
    assert_eq!((none.status.as_u16(), api.stored().await), (200, 2));
}

#[tokio::test]
async fn r40_a_batch_has_one_task_at_least_and_a_thousand_at_most() {
    let api = Api::new();
    let of = |count: usize| json!({"tasks": vec![anything(json!({})); count]});
    assert_eq!(post(&api, &of(1000)).await.status, 201);
    for count in [0, 1001, 2000] {
        assert_eq!(post(&api, &of(count)).await.pointers(), ["/tasks"], "{count}");
    }
    assert_eq!(api.stored().await, 1000);
    for (body, pointer) in [
        (json!({}), "/tasks"),
        (json!({"tasks": {}}), "/tasks"),
        (json!({"tasks": [anything(json!({}))], "atomic": 1}), "/atomic"),
        (json!({"tasks": [anything(json!({}))], "atomci": true}), "/atomci"),
    ] {
        assert_eq!(post(&api, &body).await.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn r40_a_batch_is_as_large_as_a_body_may_be() {
    let body = json!({"tasks": [anything(json!({}))]}).to_string();
    let limit = body.len();
    let api = Api::with(|state| state.limits.max_body = limit);
    assert_eq!(api.post_to("/api/queue/enqueue/batch", body.clone()).await.status, 201);
    api.post_to("/api/queue/enqueue/batch", body + " ").await.problem(413, "body_too_large");
}

#[tokio::test]
async fn r22_a_store_that_is_away_refuses_the_whole_batch() {
    let api = Api::new();
    api.store.break_with(Fault::Fails(StoreError::Unavailable("gone".into())));
    for atomic in [true, false] {
        let body = json!({"atomic": atomic, "tasks": [anything(json!({}))]});
        post(&api, &body).await.problem(503, "store_unavailable");
    }
}

//! R29: the failed jobs over HTTP.

use std::time::Duration;

use journeyman::job::{ErrorKind, JobError, JobId};
use journeyman::queue::{Settlement, Trail};
use serde_json::{Value, json};

use super::api::{Answer, Api, anything};

const NOWHERE: &str = "0198c0de-7a11-7000-8000-00000000c8e5";

/// Enqueues a job and fails it, a second later than the one before.
async fn failed(api: &Api, more: Value) -> JobId {
    let id = api.enqueue(&anything(more.clone())).await;
    api.clock.advance(Duration::from_secs(1));
    let job = api.reserve(more["queue_name"].as_str().unwrap_or("default")).await;
    let error = JobError::of(ErrorKind::Timeout, "too slow");
    let finished_at = Some(journeyman::clock::Clock::now(api.clock.as_ref()));
    let trail = Trail { error: Some(error.clone()), finished_at, ..Trail::default() };
    api.settle(job, Settlement::Fail { error }, &trail).await;
    id
}

fn ids(answer: &Answer) -> Vec<JobId> {
    let jobs = answer.json()["jobs"].as_array().unwrap().clone();
    jobs.iter().map(|job| job["task_id"].as_str().unwrap().parse().unwrap()).collect()
}

async fn retry(api: &Api, body: Value) -> Answer {
    api.post_to("/api/queue/failed/retry", body.to_string()).await
}

#[tokio::test]
async fn r29_failed_jobs_of_all_queues_are_listed_the_latest_first() {
    let api = Api::new();
    let mut expected = Vec::new();
    for queue in ["a", "b", "c", "a", "b"] {
        expected.push(failed(&api, json!({"queue_name": queue, "tags": ["t"]})).await);
    }
    expected.reverse();
    let answer = api.get("/api/queue/failed").await;
    assert_eq!(ids(&answer), expected);
    let page = answer.json();
    assert_eq!((&page["total"], &page["next_cursor"]), (&json!(5), &Value::Null));
    let first = &page["jobs"][0];
    assert_eq!(first["error"], json!({"kind": "timeout", "message": "too slow"}));
    assert_eq!((&first["status"], &first["task_type"]), (&json!("failed"), &json!("http_anything")));
    assert_eq!((&first["attempts"], &first["tags"]), (&json!(1), &json!(["t"])));
    assert!(first.get("task_data").is_none(), "a list shows no payloads");
    let two = api.get("/api/queue/failed?limit=2").await;
    assert_eq!((ids(&two).as_slice(), &two.json()["total"]), (&expected[..2], &json!(5)));
}

#[tokio::test]
async fn r29_failed_jobs_of_one_queue_are_listed_page_by_page() {
    let api = Api::new();
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(failed(&api, json!({"queue_name": "a"})).await);
        failed(&api, json!({"queue_name": "b"})).await;
    }
    expected.reverse();
    let mut seen = Vec::new();
    let mut path = "/api/queue/failed?limit=2&queue_name=a".to_owned();
    loop {
        let page = api.get(&path).await;
        seen.extend(ids(&page));
        let page = page.json();
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        assert_eq!(page["jobs"].as_array().unwrap().len(), 2);
        path = format!("/api/queue/failed?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn r29_a_list_of_failed_jobs_can_be_empty_and_a_queue_unknown() {
    let api = Api::new();
    assert_eq!(api.get("/api/queue/failed").await.json(), json!({"jobs": [], "total": 0, "next_cursor": null}));
    api.get("/api/queue/failed?queue_name=nowhere").await.problem(404, "queue_not_found");
    for query in
        ["limit=0", "limit=101", "limit=x", "queue_name=", "queue_name=a%20b", "cursor=x", "limit=1&limit=2", "lmit=1"]
    {
        let problem = api.get(&format!("/api/queue/failed?{query}")).await.problem(422, "invalid_parameter");
        let name = query.split('=').next().unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(name), "{query}: {problem}");
    }
}

#[tokio::test]
async fn r29_a_retried_job_waits_again_with_all_its_tries_and_its_past() {
    let api = Api::new();
    let id = failed(&api, json!({})).await;
    let answer = api.request_post(&format!("/api/queue/failed/{id}/retry")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json(), json!({"task_id": id, "operation_id": id, "job_id": id, "status": "pending"}));
    let status = api.status(id).await;
    assert_eq!((&status["status"], &status["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!(status["error"]["message"], "too slow");
    assert_eq!(api.reserve("default").await.reservation.job, id);
}

#[tokio::test]
async fn r29_what_cannot_be_retried_is_said_to_be_why() {
    let api = Api::new();
    let pending = api.enqueue(&anything(json!({}))).await;
    let problem = api.request_post(&format!("/api/queue/failed/{pending}/retry")).await.problem(409, "wrong_state");
    assert!(problem["detail"].as_str().unwrap().contains("pending"), "{problem}");
    api.request_post(&format!("/api/queue/failed/{NOWHERE}/retry")).await.problem(404, "job_not_found");
    api.request_post("/api/queue/failed/17/retry").await.problem(422, "invalid_parameter");
    api.reserve("default").await;

    let unique = failed(&api, json!({"deduplication_key": "k"})).await;
    let second = api.enqueue(&anything(json!({"deduplication_key": "k"}))).await;
    let problem = api.request_post(&format!("/api/queue/failed/{unique}/retry")).await.problem(409, "duplicate_job");
    assert!(problem["detail"].as_str().unwrap().contains(&second.to_string()), "{problem}");
    assert_eq!(api.status(unique).await["status"], "failed");
}

#[tokio::test]
async fn r29_many_are_retried_by_their_ids_each_for_itself() {
    let api = Api::new();
    let (first, unique) = (failed(&api, json!({})).await, failed(&api, json!({"deduplication_key": "k"})).await);
    let taken = api.enqueue(&anything(json!({"deduplication_key": "k"}))).await;
    let answer = retry(&api, json!({"ids": [first, unique, taken, NOWHERE]})).await.json();
    let results: Vec<_> = answer["results"].as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect();
    assert_eq!(results, ["retried", "duplicate", "pending", "not_found"]);
    assert_eq!((&answer["retried"], &answer["duplicates"], &answer["gone"]), (&json!(1), &json!(1), &json!(2)));
    assert_eq!(api.status(first).await["status"], "pending");
}

#[tokio::test]
async fn r29_all_of_a_queue_or_of_all_queues_are_retried() {
    let api = Api::new();
    for queue in ["a", "a", "b", "c"] {
        failed(&api, json!({"queue_name": queue})).await;
    }
    let counts = |answer: Answer| {
        let answer = answer.json();
        assert_eq!((&answer["next_cursor"], &answer["results"]), (&Value::Null, &json!([])));
        answer["retried"].as_u64().unwrap()
    };
    assert_eq!(counts(retry(&api, json!({"queue_name": "a", "all": false})).await), 2);
    assert_eq!(api.get("/api/queue/failed").await.json()["total"], 2);
    assert_eq!(counts(retry(&api, json!({"all": true})).await), 2);
    assert_eq!(counts(retry(&api, json!({"all": true})).await), 0);
    retry(&api, json!({"queue_name": "nowhere"})).await.problem(404, "queue_not_found");
}

#[tokio::test]
async fn r29_a_sweep_takes_more_than_one_page() {
    let api = Api::new();
    for _ in 0..230 {
        failed(&api, json!({})).await;
    }
    assert_eq!(retry(&api, json!({"all": true})).await.json()["retried"], 230);
}

#[tokio::test]
async fn r29_a_retry_that_does_not_say_what_is_refused() {
    let api = Api::new();
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"all": true, "queue_name": "a"}), ""),
        (json!({"all": false}), "/all"),
        (json!({"ids": []}), "/ids"),
        (json!({"ids": ["x"]}), "/ids/0"),
        (json!({"ids": vec![NOWHERE; 1001]}), "/ids"),
        (json!({"ids": [NOWHERE], "cursor": "a~failed~."}), "/cursor"),
        (json!({"all": true, "cursor": "x"}), "/cursor"),
        (json!({"everything": true}), "/everything"),
    ] {
        assert_eq!(retry(&api, body.clone()).await.pointers(), [pointer], "{body}");
    }
}

#[tokio::test]
async fn r29_one_failed_job_is_forgotten_and_no_other() {
    let api = Api::new();
    let (id, other) = (failed(&api, json!({})).await, failed(&api, json!({})).await);
    let path = |id: &dyn std::fmt::Display| format!("/api/queue/failed/{id}");
    assert_eq!(api.delete(&path(&id)).await.json()["forgotten"], 1);
    let gone = api.delete(&path(&id)).await;
    assert!([404, 410].contains(&gone.status.as_u16()), "{gone:?}");
    assert_eq!(ids(&api.get("/api/queue/failed").await), [other]);
    let pending = api.enqueue(&anything(json!({}))).await;
    api.delete(&path(&pending)).await.problem(409, "wrong_state");
    api.delete(&path(&NOWHERE)).await.problem(404, "job_not_found");
}

#[tokio::test]
async fn r29_flush_removes_those_of_a_queue_those_of_an_age_or_all() {
    let api = Api::new();
    for queue in ["a", "a", "b", "c"] {
        failed(&api, json!({"queue_name": queue})).await;
    }
    let flush = async |query: &str| {
        let answer = api.delete(&format!("/api/queue/failed{query}")).await.json();
        assert_eq!(answer["next_cursor"], Value::Null);
        answer["forgotten"].as_u64().unwrap()
    };
    assert_eq!(flush("?hours=1").await, 0);
    assert_eq!(flush("?queue_name=a").await, 2);
    api.clock.advance(Duration::from_secs(3600));
    failed(&api, json!({"queue_name": "c"})).await;
    assert_eq!(flush("?hours=1").await, 2);
    assert_eq!(flush("").await, 1);
    api.delete("/api/queue/failed?queue_name=nowhere").await.problem(404, "queue_not_found");
    // A variable that is not set must not flush everything.
    failed(&api, json!({})).await;
    api.delete("/api/queue/failed?queue_name=").await.problem(422, "invalid_parameter");
    assert_eq!(api.get("/api/queue/failed").await.json()["total"], 1);
}

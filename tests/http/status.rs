//! R31, R38: the status of a job, at every station of its way.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use journeyman::clock::{Clock, Timestamp};
use journeyman::job::{ErrorKind, JobError, JobId, Priority, QueueName, RawJson, When};
use journeyman::queue::{AttemptEntry, Driver, Envelope, NewJob, Retention, Settlement, Trail, Unit};
use serde_json::{Value, json};

use super::api::{Api, anything};

const START: &str = "2026-02-02T02:40:00.000000Z";

#[tokio::test]
async fn r31_a_pending_job_has_every_member() {
    let api = Api::new();
    let id = api.enqueue(&anything(json!({"task_data": {"value": [1]}}))).await;
    let expected = json!({
        "task_id": id, "operation_id": id, "job_id": id,
        "status": "pending", "queue_name": "default", "task_type": "http_anything", "task_data": {"value": [1]},
        "tags": [], "priority": "normal", "attempts": 0, "max_tries": 3,
        "created_at": START, "available_at": START, "started_at": null, "finished_at": null, "worker": null,
        "result": null, "error": null, "failed_hook_error": null, "callbacks": [], "history": []
    });
    assert_eq!(api.status(id).await, expected);
}

#[tokio::test]
async fn r31_a_running_job_names_its_worker() {
    let api = Api::new();
    let id = api.enqueue(&anything(json!({}))).await;
    api.clock.advance(Duration::from_micros(7));
    api.reserve("default").await;
    let status = api.status(id).await;
    assert_eq!(status["status"], "reserved");
    assert_eq!((&status["attempts"], &status["worker"]), (&json!(1), &json!("web-1.4711")));
    assert_eq!(status["started_at"], "2026-02-02T02:40:00.000007Z");
}

fn entry(outcome: &str, error: Option<JobError>, now: Timestamp) -> AttemptEntry {
    AttemptEntry {
        attempt: 1,
        started_at: now,
        finished_at: now,
        outcome: outcome.into(),
        error,
        worker: "web-1.4711".into(),
    }
}

#[tokio::test]
async fn r6_a_result_comes_back_byte_for_byte() {
    let api = Api::new();
    for result in ["[ ]", "9007199254740993", r#"{"z":1, "a":"\u00e4"}"#, "null", "1e400"] {
        let id = api.enqueue(&anything(json!({}))).await;
        let job = api.reserve("default").await;
        let now = api.clock.now();
        let trail = Trail {
            result: Some(RawJson::parse(result.into()).unwrap()),
            finished_at: Some(now),
            history: vec![entry("completed", None, now)],
            ..Trail::default()
        };
        api.settle(job, Settlement::Complete, &trail).await;
        let answer = api.get(&format!("/api/queue/status/{id}")).await;
        assert!(answer.text().contains(&format!(r#""result":{result},"#)), "{}", answer.text());
        assert!(answer.text().contains(r#""status":"completed","#), "{}", answer.text());
    }
}

#[tokio::test]
async fn r31_a_failed_job_tells_why_and_what_went_before() {
    let api = Api::new();
    let id = api.enqueue(&anything(json!({}))).await;
    let job = api.reserve("default").await;
    let now = api.clock.now();
    let error = JobError::of(ErrorKind::Panic, "index out of range");
    let trail = Trail {
        error: Some(error.clone()),
        failed_hook_error: Some(JobError::new("no mail")),
        finished_at: Some(now),
        history: vec![entry("panic", Some(error.clone()), now)],
        ..Trail::default()
    };
    api.settle(job, Settlement::Fail { error }, &trail).await;
    let status = api.status(id).await;
    let expected = json!({"kind": "panic", "message": "index out of range"});
    assert_eq!(status["status"], "failed");
    assert_eq!(status["error"], expected);
    assert_eq!(status["failed_hook_error"], json!({"kind": "error", "message": "no mail"}));
    assert_eq!(status["finished_at"], START);
    let attempt = json!({
        "attempt": 1, "started_at": START, "finished_at": START, "outcome": "panic", "error": expected,
        "worker": "web-1.4711"
    });
    assert_eq!(status["history"], json!([attempt]));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_still_has_a_status() {
    let api = Api::new();
    for body in [&b"{]"[..], b"", b"{\"type\":\"http_anything\",\"data\":{},\"v\":99}", b"\xff"] {
        let queue = QueueName::default();
        let id = JobId::generate(&queue);
        let envelope = Envelope { id, queue, priority: Priority::High, body: Bytes::from_static(body) };
        api.store.push(&[NewJob::new(envelope, When::Now)], Unit::Queue).await.unwrap();
        let status = api.status(id).await;
        let members: BTreeSet<&String> = status.as_object().unwrap().keys().collect();
        assert_eq!(members.len(), 21);
        for unknown in ["task_type", "task_data", "max_tries"] {
            assert_eq!(status[unknown], Value::Null);
        }
        assert_eq!((&status["status"], &status["priority"]), (&json!("pending"), &json!("high")));
    }
}

#[tokio::test]
async fn a_job_of_a_type_unknown_here_still_has_a_status() {
    let api = Api::new();
    let queue = QueueName::default();
    let id = JobId::generate(&queue);
    let body = Bytes::from_static(br#"{"type":"of_tomorrow","data":{"a":1},"v":1}"#);
    let envelope = Envelope { id, queue, priority: Priority::Normal, body };
    api.store.push(&[NewJob::new(envelope, When::Now)], Unit::Queue).await.unwrap();
    let status = api.status(id).await;
    assert_eq!((&status["task_type"], &status["task_data"]), (&json!("of_tomorrow"), &json!({"a": 1})));
}

#[tokio::test]
async fn r31_an_unknown_id_is_404() {
    let api = Api::new();
    let id = JobId::generate(&QueueName::default());
    let problem = api.get(&format!("/api/queue/status/{id}")).await.problem(404, "job_not_found");
    assert!(problem["detail"].as_str().unwrap().contains(&id.to_string()), "{problem}");
}

#[tokio::test]
async fn r31_a_pruned_id_is_410() {
    let api = Api::new();
    let id = api.enqueue(&anything(json!({}))).await;
    let job = api.reserve("default").await;
    let trail = Trail { finished_at: Some(api.clock.now()), ..Trail::default() };
    api.settle(job, Settlement::Complete, &trail).await;
    api.clock.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(api.store.prune(Retention::default(), 100).await.unwrap(), 1);
    api.get(&format!("/api/queue/status/{id}")).await.problem(410, "job_expired");
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_by_name() {
    let api = Api::new();
    for (path, shown) in [("1", "\"1\""), ("not-an-id", "not-an-id"), ("0198c0de-7a11-7000-8000", "8000"), ("%20", " ")]
    {
        let problem = api.get(&format!("/api/queue/status/{path}")).await.problem(422, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains(shown), "{problem}");
        assert_eq!(problem["errors"], json!([]));
    }
    api.get("/api/queue/status/%ff").await.problem(422, "invalid_parameter");
    api.get(&format!("/api/queue/status/{}", "x".repeat(5000))).await.problem(422, "invalid_parameter");
}

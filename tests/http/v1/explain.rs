//! Why a job does not run, or when it will.

use std::time::Duration;

use journeyman::clock::Clock;
use journeyman::job::{ErrorKind, JobError, JobId};
use journeyman::queue::{Body, Driver, Envelope, NewJob, PoolPresence, Settlement, Trail, Unit, WorkerState};
use serde_json::{Value, json};

use super::super::api::{Api, anything, on_every_store};
use super::workers::{pool, tells, tells_of_pools};
use super::{NOWHERE, completed, failed, ok};

/// All that are used here have a worker.
const QUEUES: &[&str] = &["default", "d", "r", "e"];

on_every_store!(
    each_state_is_explained,
    the_jobs_ahead_are_counted_by_priority_and_order,
    far_back_in_a_line_the_count_is_a_lower_bound_and_costs_the_same,
    a_type_that_this_binary_does_not_know_is_named,
    jobs_that_hold_all_slots_of_a_pool_are_named_and_those_of_others_are_not,
);

async fn explain(api: &Api, id: JobId) -> Value {
    ok(&api.get(&format!("/api/v1/jobs/{id}/explain")).await)
}

/// Verdict and codes.
fn told(explanation: &Value) -> (&str, Vec<&str>) {
    let reasons = explanation["reasons"].as_array().unwrap();
    assert!(reasons.iter().all(|reason| !reason["detail"].as_str().unwrap().is_empty()), "{explanation}");
    let codes = reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    (explanation["runs"].as_str().unwrap(), codes)
}

async fn each_state_is_explained(api: Api) {
    tells(&api, WorkerState::Running, QUEUES).await;
    let pending = api.enqueue(&anything(json!({}))).await;
    let explanation = explain(&api, pending).await;
    assert_eq!(told(&explanation), ("now", vec!["ready"]));
    assert_eq!((&explanation["task_id"], &explanation["state"]), (&json!(pending), &json!("pending")));
    assert_eq!(api.request_post("/api/queue/default/pause").await.status, 200);
    assert_eq!(told(&explain(&api, pending).await), ("never", vec!["queue_paused"]));
    assert_eq!(api.request_post("/api/queue/default/resume").await.status, 200);
    api.reserve("default").await;
    let running = explain(&api, pending).await;
    assert_eq!(told(&running), ("running", vec!["running"]));
    assert_eq!(running["reasons"][0]["worker"], "web-1.4711");

    let delayed = api.enqueue(&anything(json!({"delay": 60, "queue_name": "d"}))).await;
    let explanation = explain(&api, delayed).await;
    assert_eq!(told(&explanation), ("later", vec!["due_later"]));
    let due = api.clock.now().plus(Duration::from_secs(60)).to_rfc3339();
    assert_eq!(explanation["reasons"][0]["due_at"], due);
    assert!(explanation["summary"].as_str().unwrap().contains(&due), "{explanation}");

    let again = api.enqueue(&anything(json!({"queue_name": "r"}))).await;
    let job = api.reserve("r").await;
    let trail = Trail { error: Some(JobError::of(ErrorKind::Timeout, "too slow")), ..Trail::default() };
    api.settle(job, Settlement::Release { delay: Duration::from_secs(5) }, &trail).await;
    let explanation = explain(&api, again).await;
    assert_eq!(told(&explanation), ("later", vec!["retry_wait"]));
    assert_eq!(explanation["reasons"][0]["error"], json!({"kind": "timeout", "message": "too slow"}));

    let done = completed(&api, &anything(json!({"queue_name": "e"}))).await;
    let explanation = explain(&api, done).await;
    assert_eq!((told(&explanation), &explanation["state"]), (("ended", vec!["ended"]), &json!("completed")));
    assert!(explanation["reasons"][0]["ended_at"].is_string(), "{explanation}");
    let lost = failed(&api, &anything(json!({"queue_name": "e"})), "no").await;
    assert_eq!(explain(&api, lost).await["summary"].as_str().unwrap().split(" since").next(), Some("it is failed"));
    api.get(&format!("/api/v1/jobs/{NOWHERE}/explain")).await.problem(404, "job_not_found");
    api.get("/api/v1/jobs/x/explain").await.problem(422, "invalid_parameter");
}

async fn the_jobs_ahead_are_counted_by_priority_and_order(api: Api) {
    tells(&api, WorkerState::Running, QUEUES).await;
    let mut ids = Vec::new();
    for priority in ["low", "high", "normal", "high", "normal", "low"] {
        ids.push(api.enqueue(&anything(json!({"priority": priority}))).await);
    }
    for (id, count) in ids.iter().zip([4, 0, 2, 1, 3, 5]) {
        let explanation = explain(&api, *id).await;
        if count == 0 {
            assert_eq!(told(&explanation), ("now", vec!["ready"]));
            continue;
        }
        assert_eq!(told(&explanation), ("later", vec!["jobs_ahead"]));
        let reason = &explanation["reasons"][0];
        assert_eq!((&reason["count"], &reason["at_least"]), (&json!(count), &json!(false)), "{explanation}");
    }
}

async fn far_back_in_a_line_the_count_is_a_lower_bound_and_costs_the_same(api: Api) {
    tells(&api, WorkerState::Running, QUEUES).await;
    let mut costs = Vec::new();
    for batches in [2, 6] {
        let tasks = vec![anything(json!({})); 1000];
        for _ in 0..batches {
            let stored = api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
            assert_eq!(stored.status, 201);
        }
        let last = api.enqueue(&anything(json!({}))).await;
        let low = api.enqueue(&anything(json!({"priority": "low"}))).await;
        api.store.take_costs();
        let reason = explain(&api, last).await["reasons"][0].clone();
        costs.push(api.store.take_costs());
        assert_eq!((&reason["count"], &reason["at_least"]), (&json!(1000), &json!(true)), "{reason}");
        let reason = explain(&api, low).await["reasons"][0].clone();
        assert!(reason["count"].as_u64().unwrap() >= batches * 1000 && reason["at_least"] == true, "{reason}");
        assert!(api.store.take_costs().0 < 10, "the numbers that are kept say it");
    }
    assert_eq!(costs[0], costs[1]);
}

async fn a_type_that_this_binary_does_not_know_is_named(api: Api) {
    tells(&api, WorkerState::Running, QUEUES).await;
    let known = api.enqueue(&anything(json!({}))).await;
    let journeyman::queue::Found::Here(record) = journeyman::queue::Inspector::find(&*api.store, known).await.unwrap()
    else {
        panic!("it is there")
    };
    let queue = record.queue.clone();
    for (body, codes) in [
        (r#"{"type":"from_elsewhere","data":{},"v":1}"#, vec!["unknown_type", "jobs_ahead"]),
        // One that nobody can read has no type; a worker will say so.
        ("{]", vec!["jobs_ahead"]),
    ] {
        assert!(Body::read(record.body.as_ref()).is_ok());
        let id = JobId::generate(&queue);
        let envelope = Envelope { id, queue: queue.clone(), priority: record.priority, body: body.as_bytes().into() };
        let job = NewJob::new(envelope, journeyman::job::When::Now);
        api.store.push(&[job], Unit::Queue).await.unwrap();
        let explanation = explain(&api, id).await;
        assert_eq!(told(&explanation), ("later", codes), "{explanation}");
        if body.starts_with("{\"") {
            assert_eq!(explanation["reasons"][0]["task_type"], "from_elsewhere");
            assert!(explanation["summary"].as_str().unwrap().contains("this server's binary"), "{explanation}");
        }
    }
}

async fn jobs_that_hold_all_slots_of_a_pool_are_named_and_those_of_others_are_not(api: Api) {
    // What the worker says of how busy it is may be of seconds ago: the jobs decide.
    let rest = PoolPresence { all_queues: true, ..pool(&["default", "d"], 2, 0) };
    tells_of_pools(&api, WorkerState::Running, vec![pool(&["mail"], 3, 3), rest]).await;
    let in_queue = |queue: &str| anything(json!({"queue_name": queue}));
    let mut held = Vec::new();
    for queue in ["d", "unnamed"] {
        let id = api.enqueue(&in_queue(queue)).await;
        let job = api.reserve(queue).await;
        held.push((id, job));
        let other = api.enqueue(&in_queue("mail")).await;
        assert_eq!(api.reserve("mail").await.reservation.job, other);
        if held.len() == 1 {
            let waits = api.enqueue(&in_queue("default")).await;
            assert_eq!(told(&explain(&api, waits).await), ("now", vec!["ready"]), "one slot is free");
        }
    }
    let first = api.enqueue(&in_queue("e")).await;
    let explanation = explain(&api, first).await;
    assert_eq!(told(&explanation), ("later", vec!["workers_busy"]));
    let reason = &explanation["reasons"][0];
    assert_eq!(reason["slots"], 2, "{explanation}");
    // By the names of their queues.
    assert_eq!(reason["held_by"], json!([held[0].0, held[1].0]), "{explanation}");
    assert!(explanation["summary"].as_str().unwrap().contains("2 in all: it runs later"), "{explanation}");
    let second = api.enqueue(&in_queue("e")).await;
    assert_eq!(told(&explain(&api, second).await), ("later", vec!["workers_busy", "jobs_ahead"]));
    let mail = api.enqueue(&in_queue("mail")).await;
    assert_eq!(told(&explain(&api, mail).await), ("now", vec!["ready"]), "two of three are held");
    let later = api.enqueue(&anything(json!({"queue_name": "e", "delay": 60}))).await;
    assert_eq!(told(&explain(&api, later).await), ("later", vec!["due_later"]));

    let (_, job) = held.remove(0);
    api.settle(job, Settlement::Complete, &Trail::default()).await;
    assert_eq!(told(&explain(&api, first).await), ("now", vec!["ready"]));
    // Those of a worker that is lost are no slots.
    api.clock.advance(Duration::from_secs(11));
    assert_eq!(told(&explain(&api, first).await), ("never", vec!["no_worker"]));
}

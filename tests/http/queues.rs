//! R40, R39: whole queues: purge, pause, resume, and those that nothing was pushed to.

use std::sync::Arc;

use journeyman::job::QueueName;
use journeyman::queue::operations::Operations;
use journeyman::queue::{Control, Operator};
use serde_json::json;

use super::api::{Api, anything};

async fn filled(api: &Api, queue: &str) {
    for more in [json!({"priority": "low"}), json!({"priority": "high"}), json!({"delay": 60}), json!({})] {
        let mut body = anything(more);
        body["queue_name"] = json!(queue);
        api.enqueue(&body).await;
    }
}

#[tokio::test]
async fn r40_purge_removes_what_waits_and_leaves_what_runs() {
    let api = Api::new();
    filled(&api, "a").await;
    filled(&api, "b").await;
    let running = api.reserve("a").await;
    let answer = api.delete("/api/queue/a").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"queue_name": "a", "purged": 3})));
    let queues = api.get("/api/queue/stats").await.json()["queues"].clone();
    assert_eq!(
        (&queues["a"]["pending"], &queues["a"]["delayed"], &queues["a"]["reserved"]),
        (&json!(0), &json!(0), &json!(1))
    );
    assert_eq!((&queues["b"]["pending"], &queues["b"]["delayed"]), (&json!(3), &json!(1)));
    assert_eq!(api.status(running.reservation.job).await["status"], "reserved");
    assert_eq!(api.delete("/api/queue/a").await.json()["purged"], 0);
}

#[tokio::test]
async fn r40_purge_of_one_priority_leaves_the_others() {
    let api = Api::new();
    filled(&api, "a").await;
    assert_eq!(api.delete("/api/queue/a?priority=HIGH").await.json()["purged"], 1);
    assert_eq!(api.delete("/api/queue/a?priority=2").await.json()["purged"], 2);
    assert_eq!(api.get("/api/queue/stats/a").await.json()["queues"]["a"]["pending"], 1);
    for query in ["priority=urgent", "priority=", "prio=low"] {
        api.delete(&format!("/api/queue/a?{query}")).await.problem(422, "invalid_parameter");
    }
}

#[tokio::test]
async fn r40_purge_takes_more_than_one_chunk() {
    let api = Api::new();
    let tasks = vec![anything(json!({"queue_name": "a"})); 600];
    for _ in 0..2 {
        api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
    }
    assert_eq!(api.delete("/api/queue/a").await.json()["purged"], 1200);
}

#[tokio::test]
async fn r40_a_queue_that_is_none_cannot_be_purged() {
    let api = Api::new();
    api.delete("/api/queue/nowhere").await.problem(404, "queue_not_found");
    api.delete("/api/queue/a%20b").await.problem(422, "invalid_parameter");
    api.request_post("/api/queue/purge").await.problem(422, "invalid_parameter");
}

#[tokio::test]
async fn r51_a_paused_queue_is_said_to_be_and_hands_out_nothing() {
    let api = Api::new();
    filled(&api, "a").await;
    let answer = api.request_post("/api/queue/a/pause").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"queue_name": "a", "paused": true})));
    let a = QueueName::new("a").unwrap();
    assert_eq!(api.store.control().await, Ok(Control { restarts: 0, paused: vec![a] }));
    assert_eq!(api.get("/api/queue/stats/a").await.json()["queues"]["a"]["paused"], true);
    assert_eq!(api.request_post("/api/queue/a/resume").await.json(), json!({"queue_name": "a", "paused": false}));
    assert_eq!(api.get("/api/queue/stats").await.json()["queues"]["a"]["paused"], false);
    api.reserve("a").await;
    assert_eq!(api.request_post("/api/queue/a/resume").await.status, 200, "again is no fault");
    api.request_post("/api/queue/a:b/pause").await.problem(422, "invalid_parameter");
}

#[tokio::test]
async fn r51_a_queue_paused_before_its_first_job_is_not_forgotten() {
    let api = Api::new();
    api.request_post("/api/queue/early/pause").await;
    let stats = api.get("/api/queue/stats").await.json();
    assert_eq!((&stats["queues"]["early"]["paused"], &stats["queues"]["early"]["pending"]), (&json!(true), &json!(0)));
    assert_eq!(api.get("/api/queue/stats/early").await.status, 200);
}

#[tokio::test]
async fn r39_a_configured_queue_has_numbers_before_its_first_job() {
    let api = Api::with(|state| {
        let configured = ["default", "reports"].map(|name| QueueName::new(name).unwrap());
        state.operations = Operations::new(Arc::clone(state.manager.store()), configured);
    });
    let stats = api.get("/api/queue/stats").await.json();
    assert_eq!(stats["queues"].as_object().unwrap().keys().collect::<Vec<_>>(), ["default", "reports"]);
    assert_eq!(stats["keys"]["queue:normal:reports"], 0);
    assert_eq!(api.get("/api/queue/stats/reports").await.json()["queues"]["reports"]["pending"], 0);
    assert_eq!(api.delete("/api/queue/reports").await.json()["purged"], 0);
    api.get("/api/queue/stats/nowhere").await.problem(404, "queue_not_found");
}

/// R20: names that clients shorten away, or that are words of the API in a path.
#[tokio::test]
async fn r20_every_queue_can_be_reached_by_a_parameter() {
    let api = Api::new();
    for name in [".", "..", "failed", "stats", "jobs", "enqueue", "purge"] {
        filled(&api, name).await;
        assert_eq!(api.request_post(&format!("/api/queue/pause?queue_name={name}")).await.json()["paused"], true);
        let stats = api.get(&format!("/api/queue/stats?queue_name={name}")).await.json();
        assert_eq!((&stats["queues"][name]["paused"], &stats["total_items"]), (&json!(true), &json!(3)), "{name}");
        assert_eq!(api.request_post(&format!("/api/queue/resume?queue_name={name}")).await.json()["paused"], false);
        let high = api.request_post(&format!("/api/queue/purge?queue_name={name}&priority=high")).await;
        assert_eq!(high.json(), json!({"queue_name": name, "purged": 1}));
        assert_eq!(api.request_post(&format!("/api/queue/purge?queue_name={name}")).await.json()["purged"], 3);
    }
    api.get("/api/queue/stats?queue_name=nowhere").await.problem(404, "queue_not_found");
    api.get("/api/queue/stats?queue=a").await.problem(422, "invalid_parameter");
}

//! The queues in numbers; pause, resume, purge.

use std::time::Duration;

use journeyman::clock::Clock;
use serde_json::{Value, json};

use super::super::api::{Answer, Api, anything, on_every_store};
use super::{completed, failed, ok};

on_every_store!(
    queues_are_listed_in_numbers,
    what_the_list_costs_follows_the_queues_and_not_their_backlog,
    a_queue_is_paused_and_resumed,
    a_queue_is_purged_a_bounded_number_at_a_time,
);

async fn queues(api: &Api) -> Value {
    ok(&api.get("/api/v1/queues").await)["queues"].clone()
}

async fn queues_are_listed_in_numbers(api: Api) {
    assert_eq!(queues(&api).await, json!([]));
    completed(&api, &anything(json!({"queue_name": "b"}))).await;
    failed(&api, &anything(json!({"queue_name": "b"})), "no").await;
    let since = api.clock.now().plus(Duration::from_secs(5)).to_rfc3339();
    api.clock.advance(Duration::from_secs(5));
    for more in [json!({"priority": "high"}), json!({"priority": "low"}), json!({"delay": 60})] {
        let mut body = anything(more);
        body["queue_name"] = json!("b");
        api.enqueue(&body).await;
        api.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(api.request_post("/api/v1/queues/a/pause").await.status, 200);
    let empty = json!({"enqueued": 0, "processed": 0, "failed": 0, "retried": 0, "timeouts": 0});
    let expected = json!([
        {
            "queue_name": "a", "paused": true,
            "pending": 0, "delayed": 0, "reserved": 0, "completed": 0, "failed": 0, "cancelled": 0,
            "by_priority": {"low": 0, "normal": 0, "high": 0, "critical": 0},
            "counters": empty, "next_waits_since": null
        },
        {
            "queue_name": "b", "paused": false,
            "pending": 2, "delayed": 1, "reserved": 0, "completed": 1, "failed": 1, "cancelled": 0,
            "by_priority": {"low": 1, "normal": 0, "high": 1, "critical": 0},
            "counters": {"enqueued": 5, "processed": 2, "failed": 1, "retried": 0, "timeouts": 0},
            "next_waits_since": since
        }
    ]);
    assert_eq!(queues(&api).await, expected);
}

async fn what_the_list_costs_follows_the_queues_and_not_their_backlog(api: Api) {
    let mut costs = Vec::new();
    for batches in [1, 5] {
        let tasks = vec![anything(json!({})); 1000];
        for _ in 0..batches {
            let stored = api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
            assert_eq!(stored.status, 201);
        }
        api.store.take_costs();
        for path in ["/api/v1/queues", "/api/v1/overview"] {
            ok(&api.get(path).await);
        }
        costs.push(api.store.take_costs());
    }
    // How safe jobs are is asked for now and then only.
    assert!(costs[0].0.abs_diff(costs[1].0) <= 2 && costs[0].1 == 1 && costs[1].1 == 1, "{costs:?}");
}

async fn a_queue_is_paused_and_resumed(api: Api) {
    for (verb, paused) in [("pause", true), ("pause", true), ("resume", false), ("resume", false)] {
        let answer = ok(&api.request_post(&format!("/api/v1/queues/a/{verb}")).await);
        assert_eq!(answer, json!({"queue_name": "a", "paused": paused}));
        let listed = queues(&api).await;
        assert_eq!(listed.as_array().unwrap().first().is_some_and(|queue| queue["paused"] == true), paused);
    }
    api.request_post("/api/v1/queues/a%20b/pause").await.problem(422, "invalid_parameter");
}

async fn purge(api: &Api, queue: &str, body: &Value) -> Answer {
    api.post_to(&format!("/api/v1/queues/{queue}/purge"), body.to_string()).await
}

async fn a_queue_is_purged_a_bounded_number_at_a_time(api: Api) {
    for more in [json!({}), json!({"priority": "low"}), json!({"delay": 60})] {
        api.enqueue(&anything(more)).await;
    }
    assert_eq!(ok(&purge(&api, "default", &json!({"priority": "low"})).await), json!({"purged": 1, "more": false}));
    assert_eq!(ok(&purge(&api, "default", &json!({})).await), json!({"purged": 2, "more": false}));
    assert_eq!(ok(&purge(&api, "default", &json!({})).await), json!({"purged": 0, "more": false}));
    purge(&api, "nowhere", &json!({})).await.problem(404, "queue_not_found");
    for (body, pointer) in [
        (json!({"priority": "urgent"}), "/priority"),
        (json!({"priority": null}), "/priority"),
        (json!({"priorities": "low"}), "/priorities"),
        (json!([]), ""),
    ] {
        assert_eq!(purge(&api, "default", &body).await.pointers(), [pointer], "{body}");
    }
    let tasks = vec![anything(json!({})); 1000];
    for _ in 0..11 {
        let stored = api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
        assert_eq!(stored.status, 201);
    }
    assert_eq!(ok(&purge(&api, "default", &json!({})).await), json!({"purged": 10_000, "more": true}));
    assert_eq!(ok(&purge(&api, "default", &json!({})).await), json!({"purged": 1000, "more": false}));
}

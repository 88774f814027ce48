//! R39: the queues in numbers, under exactly the documented names.

use journeyman::job::QueueName;
use journeyman::queue::{Counters, QueueStats, Settlement, Trail};
use serde_json::json;

use super::api::{Api, anything};

#[tokio::test]
async fn r39_a_store_without_queues_has_numbers_too() {
    let expected = json!({
        "queues": {},
        "keys": {"queue:failures": 0, "queue:system_errors": 0},
        "total_items": 0,
        "metrics": {
            "enqueued": 0, "processed": 0, "failed": 0, "retried": 0, "timeouts": 0, "thread_pool_exhaustion": 0,
            "thread_pool_utilization": 85.0, "success_rate": 0.0
        },
        "status_time": 1_770_000_000.0
    });
    assert_eq!(Api::new().get("/api/queue/stats").await.json(), expected);
}

#[tokio::test]
async fn r39_the_example_of_the_documents_comes_out_as_there() {
    let api = Api::new();
    api.clock.advance(std::time::Duration::from_millis(123));
    api.store.pretend(QueueStats {
        pending: [0, 10, 5, 0],
        delayed: 4,
        reserved: 3,
        completed: 96,
        failed: 2,
        cancelled: 1,
        system_errors: 1,
        counters: Counters {
            enqueued: 115,
            processed: 98,
            failed: 2,
            retried: 5,
            timeouts: 1,
            thread_pool_exhaustion: 3,
        },
        ..QueueStats::empty(QueueName::new("async_processor").unwrap())
    });
    let stats = api.get("/api/queue/stats").await.json();
    let expected = json!({
        "queues": {"async_processor": {
            "pending": 15, "delayed": 4, "reserved": 3, "completed": 96, "failed": 2, "cancelled": 1, "paused": false
        }},
        "keys": {
            "queue:low:async_processor": 0, "queue:normal:async_processor": 10, "queue:high:async_processor": 5,
            "queue:critical:async_processor": 0, "queue:failures": 1, "queue:system_errors": 1
        },
        "total_items": 17,
        "metrics": {
            "enqueued": 115, "processed": 98, "failed": 2, "retried": 5, "timeouts": 1, "thread_pool_exhaustion": 3,
            "thread_pool_utilization": 85.0, "success_rate": 96.0 / 115.0 * 100.0
        },
        "status_time": 1_770_000_000.123
    });
    assert_eq!(stats, expected);
}

#[tokio::test]
async fn r39_all_queues_are_added_up_and_one_is_told_by_itself() {
    let api = Api::new();
    for (queue, priority) in [("a", "high"), ("a", "low"), ("b", "high")] {
        api.enqueue(&anything(json!({"queue_name": queue, "priority": priority}))).await;
    }
    api.enqueue(&anything(json!({"queue_name": "b", "delay": 5}))).await;
    let job = api.reserve("a").await;
    api.settle(job, Settlement::Complete, &Trail::default()).await;

    let all = api.get("/api/queue/stats").await.json();
    assert_eq!(all["queues"]["a"]["completed"], 1);
    assert_eq!(all["queues"]["b"]["delayed"], 1);
    assert_eq!((&all["keys"]["queue:low:a"], &all["keys"]["queue:high:b"]), (&json!(1), &json!(1)));
    assert_eq!((&all["total_items"], &all["metrics"]["enqueued"]), (&json!(2), &json!(4)));
    assert_eq!(all["metrics"]["success_rate"], 25.0);

    let one = api.get("/api/queue/stats/b").await.json();
    assert_eq!(one["queues"].as_object().unwrap().len(), 1);
    assert_eq!((&one["total_items"], &one["metrics"]["enqueued"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn a_queue_never_pushed_to_is_404_and_a_name_that_is_none_422() {
    let api = Api::new();
    let problem = api.get("/api/queue/stats/nobody").await.problem(404, "queue_not_found");
    assert!(problem["detail"].as_str().unwrap().contains("nobody"));
    for name in ["a%20b", "a:b", "%7Ba%7D", &"q".repeat(256)] {
        api.get(&format!("/api/queue/stats/{name}")).await.problem(422, "invalid_parameter");
    }
}

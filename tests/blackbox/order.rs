//! R16–R19, R39, R40: priorities, delays, numbers, purge.

use std::time::Duration;

use serde_json::{Value, json};

use super::{assert_waited, between, enqueue, keys, time};
use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(
    r17_priorities_run_in_order_across_queues,
    r19_a_delayed_job_waits_and_then_runs,
    r39_stats_have_the_documented_keys,
    r40_a_purge_removes_what_waits,
);

fn r17_priorities_run_in_order_across_queues(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let job = |queue: &str, priority: &Value| {
        enqueue(server.api, &json!({"task_type": "noop", "queue_name": queue, "priority": priority}))
    };
    // Pushed in the wrong order on purpose; the numbers and the names mean the same.
    let low = job("a", &json!(1));
    let normal = job("b", &json!("normal"));
    let normal_after = job("a", &json!("NORMAL"));
    let high = job("b", &json!(3));
    let critical = job("a", &json!("Critical"));
    home.ok(&["work", "--workers", "1", "--queue", "a,b", "--stop-when-empty"]);
    let mut ran: Vec<_> =
        [&low, &normal, &normal_after, &high, &critical].map(|id| (server.api.status(id), id)).into_iter().collect();
    assert!(ran.iter().all(|(status, _)| status["status"] == "completed"));
    ran.sort_by_key(|(status, _)| time(&status["started_at"]));
    let order: Vec<&String> = ran.into_iter().map(|(_, id)| id).collect();
    // Among equals the queue that is named first goes first.
    assert_eq!(order, [&critical, &high, &normal_after, &normal, &low]);
}

fn r19_a_delayed_job_waits_and_then_runs(home: &Home) {
    let server = home.serve(&[]);
    let soon = chrono::DateTime::<chrono::Utc>::from(std::time::UNIX_EPOCH) + now() + Duration::from_millis(1500);
    let by_delay = enqueue(server.api, &json!({"task_type": "noop", "delay": 1.2}));
    let by_time = enqueue(server.api, &json!({"task_type": "noop", "run_at": soon.to_rfc3339()}));
    assert_eq!(server.api.status(&by_delay)["status"], "delayed");
    let status = server.api.until(&by_delay, "completed");
    assert_waited(between(&status["created_at"], &status["started_at"]), Duration::from_millis(1200));
    let status = server.api.until(&by_time, "completed");
    assert!(time(&status["started_at"]) >= soon, "{status}");
}

fn now() -> Duration {
    use journeyman::clock::{Clock, SystemClock};
    Duration::from_micros(u64::try_from(SystemClock::default().now().as_micros()).unwrap())
}

fn r39_stats_have_the_documented_keys(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    for priority in ["high", "high", "low"] {
        enqueue(server.api, &json!({"task_type": "noop", "queue_name": "mail", "priority": priority}));
    }
    enqueue(server.api, &json!({"task_type": "noop", "queue_name": "mail", "delay": 600}));
    let stats = server.api.get("/api/queue/stats").json();
    for key in ["queues", "keys", "metrics", "total_items", "status_time"] {
        assert!(!stats[key].is_null(), "{key} in {stats}");
    }
    let mail = &stats["queues"]["mail"];
    let expected = json!({"pending": 3, "delayed": 1, "reserved": 0, "failed": 0});
    for (key, number) in expected.as_object().unwrap() {
        assert_eq!(&mail[key], number, "{key} in {mail}");
    }
    assert_eq!((&stats["keys"]["queue:high:mail"], &stats["keys"]["queue:low:mail"]), (&json!(2), &json!(1)));
    for key in ["queue:failures", "queue:system_errors"] {
        assert_eq!(stats["keys"][key], 0, "{key}");
    }
    let metrics = [
        "enqueued",
        "failed",
        "processed",
        "retried",
        "success_rate",
        "thread_pool_exhaustion",
        "thread_pool_utilization",
        "timeouts",
    ];
    assert_eq!(keys(&stats["metrics"]), metrics);
    assert_eq!(
        (&stats["metrics"]["enqueued"], &stats["total_items"]),
        (&json!(4), &json!(3)),
        "what is due counts as an item"
    );
    let one = server.api.get("/api/queue/stats/mail").json();
    assert_eq!(one["queues"]["mail"]["pending"], 3);
    assert_eq!(server.api.get("/api/queue/stats/nosuch").status, 404);
}

fn r40_a_purge_removes_what_waits(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let body = |priority: &str| json!({"task_type": "noop", "queue_name": "mail", "priority": priority});
    let kept = enqueue(server.api, &body("high"));
    let gone = [enqueue(server.api, &body("low")), enqueue(server.api, &body("low"))];
    let purged = server.api.send("DELETE", "/api/queue/mail?priority=low", &Value::Null);
    assert_eq!((purged.status, &purged.json()["purged"]), (200, &json!(2)));
    assert_eq!(server.api.status(&kept)["status"], "pending");
    for id in gone {
        let status = server.api.get(&format!("/api/queue/status/{id}")).status;
        assert!(status == 404 || status == 410, "{status}");
    }
    let purged = server.api.send("DELETE", "/api/queue/mail", &Value::Null);
    assert_eq!(purged.json()["purged"], 1);
    assert_eq!(server.api.send("DELETE", "/api/queue/nosuch", &Value::Null).status, 404);
}

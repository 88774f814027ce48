//! R51: `status`, `stats` and `migrate`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(
    r51_the_table_shows_a_job_in_the_apis_words_and_order,
    r51_status_tells_what_the_api_tells,
    r51_stats_counts_what_the_api_counts,
    r51_migrate_can_be_run_at_any_time,
);

fn r51_status_tells_what_the_api_tells(home: &Home) {
    let server = home.serve(&[]);
    let value = r#"{"z":9007199254740993,"a":[ ]}"#;
    let answer = server.api.post(&format!(r#"{{"task_type": "echo", "task_data": {{"value": {value}}}}}"#));
    let id = answer.json()["task_id"].as_str().unwrap().to_owned();
    let by_api = server.api.until(&id, "completed");
    assert_eq!(home.json(&["status", &id, "--json"]), by_api);
    assert!(home.ok(&["status", &id, "--json"]).contains(value), "the result is kept byte for byte");

    let failed = server.api.enqueue("always_fails", json!({}));
    let by_api = server.api.until(&failed, "failed");
    assert_eq!(home.json(&["status", &failed, "--json"]), by_api);

    let unknown = "0198c0de-7a11-7000-8000-00000000c8e5";
    let ran = home.run(&["status", unknown]);
    assert!(ran.complaints()[0].contains(unknown), "{ran:?}");
}

/// Byte for byte, too: `1e400` is no number that a `Value` could hold.
fn r51_the_table_shows_a_job_in_the_apis_words_and_order(home: &Home) {
    let value = r#"{"z":1e400,"a":[ ]}"#;
    let id = home.ok(&["dispatch", "echo", &format!(r#"{{"value": {value}}}"#), "--tag", "mine"]);
    home.ok(&["work", "--once"]);
    let table = home.ok(&["status", &id]);
    let rows = table.lines().filter_map(|line| line.trim_matches(['│', ' ']).split_once(' '));
    let rows: Vec<_> = rows.map(|(name, value)| (name, value.trim())).collect();
    let names: Vec<_> = rows.iter().map(|(name, _)| *name).filter(|name| name.contains(char::is_alphabetic)).collect();
    let expected = "task_id status queue_name task_type task_data tags priority attempts max_tries created_at \
                    available_at started_at finished_at result history";
    assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>(), "\n{table}");
    for row in [("task_id", id.as_str()), ("status", "completed"), ("tags", "mine"), ("result", value)] {
        assert!(rows.contains(&row), "{row:?} in\n{table}");
    }
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn r51_stats_counts_what_the_api_counts(home: &Home) {
    for (queue, priority) in [("default", "normal"), ("default", "critical"), ("mail", "low")] {
        home.ok(&["dispatch", "noop", "{}", "--queue", queue, "--priority", priority]);
    }
    let server = home.serve(&["--no-worker"]);
    let mut by_api = server.api.get("/api/queue/stats").json();
    let mut stats = home.json(&["stats", "--json"]);
    for stats in [&mut by_api, &mut stats] {
        assert!(stats["status_time"].take().as_f64().unwrap() > 1.7e9);
    }
    assert_eq!(stats, by_api);

    assert_eq!(keys(&stats), BTreeSet::from(["queues", "keys", "metrics", "total_items", "status_time"]));
    // The configured queues have numbers too, before anything is pushed to them.
    assert_eq!(keys(&stats["queues"]), BTreeSet::from(["default", "high_priority", "low_priority", "mail"]));
    let states = ["pending", "delayed", "reserved", "completed", "failed", "cancelled", "paused"];
    assert_eq!(keys(&stats["queues"]["mail"]), BTreeSet::from(states));
    let metrics =
        "enqueued processed failed retried timeouts thread_pool_exhaustion thread_pool_utilization success_rate";
    assert_eq!(keys(&stats["metrics"]), metrics.split(' ').collect());
    assert_eq!(
        stats["keys"],
        json!({
            "queue:critical:default": 1, "queue:high:default": 0, "queue:normal:default": 1, "queue:low:default": 0,
            "queue:critical:mail": 0, "queue:high:mail": 0, "queue:normal:mail": 0, "queue:low:mail": 1,
            "queue:critical:high_priority": 0, "queue:high:high_priority": 0, "queue:normal:high_priority": 0,
            "queue:low:high_priority": 0, "queue:critical:low_priority": 0, "queue:high:low_priority": 0,
            "queue:normal:low_priority": 0, "queue:low:low_priority": 0,
            "queue:failures": 0, "queue:system_errors": 0
        })
    );

    let one = home.json(&["stats", "mail", "--json"]);
    assert_eq!((keys(&one["queues"]), &one["total_items"]), (BTreeSet::from(["mail"]), &json!(1)));
    let table = home.ok(&["stats"]);
    for word in ["queue", "pending", "processed", "default", "mail"] {
        assert!(table.contains(word), "{word} in\n{table}");
    }
}

fn r51_migrate_can_be_run_at_any_time(home: &Home) {
    for _ in 0..2 {
        assert!(!home.ok(&["migrate"]).is_empty());
    }
    let id = home.ok(&["dispatch", "noop"]);
    home.ok(&["migrate"]);
    assert_eq!(home.json(&["status", &id, "--json"])["status"], "pending");
    assert_eq!(home.path().join("data/journeyman.db").exists(), home.is_sqlite());
}

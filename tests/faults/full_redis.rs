//! R36, S7: a Redis at its memory limit, and one that would make room by throwing jobs away.

use std::time::Duration;

use serde_json::json;

use super::clean;
use crate::redis::server::Server as Redis;
use crate::support::process::Home;
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(120);
/// All but `noeviction`.
const EVICTING: [&str; 7] =
    ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"];

#[test]
fn r36_a_redis_at_its_memory_limit_refuses_jobs_runs_those_it_has_and_takes_jobs_again() {
    let redis = Redis::start(&["--maxmemory", "8mb", "--maxmemory-policy", "noeviction"]);
    // Records of what has run are given up soon, or they would keep the room.
    let home = Home::redis_at(&redis.url()).with("BACKUP_TTL", "1");
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let task = json!({"user_id": 1, "message": "x".repeat(40_000)});
    let task = json!({"task_type": "send_notification", "task_data": task}).to_string();
    let mut stored = Vec::new();
    let refused = until("there is no more room", PATIENCE, || {
        let answer = api.post(&task);
        if answer.status != 201 {
            return Some(answer);
        }
        stored.push(answer.json()["task_id"].as_str().unwrap().to_owned());
        None
    });
    assert!(stored.len() > 50, "{}", stored.len());
    assert_eq!(refused.refusal(), "503 store_full");
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{refused:?}");
    assert_eq!(api.post(&task).refusal(), "503 store_full", "it stays so while nothing runs");
    let numbers = api.get("/api/queue/stats").json()["queues"]["default"].clone();
    assert_eq!(numbers["pending"], stored.len(), "{numbers}");

    // Full as it is: everything else goes on.
    let mut worker = home.start(&["work"]);
    until("all that were taken have run", PATIENCE, || (api.metrics()["processed"] == stored.len()).then_some(()));
    assert_eq!((&api.metrics()["failed"], &api.metrics()["retried"]), (&json!(0), &json!(0)));
    let again = until("jobs are taken again", PATIENCE, || Some(api.post(&task)).filter(|answer| answer.status == 201));
    until("the latest has run", PATIENCE, || (api.metrics()["processed"] == stored.len() + 1).then_some(()));
    assert_eq!(again.json()["status"], "pending");
    assert!(worker.is_running());
    clean(&home);
}

#[test]
fn r36_no_command_starts_on_a_redis_that_evicts_by_any_policy_unless_told_to() {
    let redis = Redis::start(&[]);
    for policy in EVICTING {
        redis.ask(&["CONFIG", "SET", "maxmemory-policy", policy]);
        let home = Home::redis_at(&redis.url());
        let commands = [&["dispatch", "noop", "{}"][..], &["work", "--once"], &["--bind", "127.0.0.1:0"]];
        // All of them open the store in the same way.
        let of_policy = if policy == EVICTING[0] { &commands[..] } else { &commands[..1] };
        for arguments in of_policy {
            let ran = home.run(arguments);
            let complaints = ran.complaints().join(" ");
            assert!(complaints.contains(&format!("its maxmemory-policy is {policy}")), "{policy}: {complaints}");
            assert!(complaints.contains("CONFIG SET maxmemory-policy noeviction"), "{policy}: {complaints}");
        }
        let forced = home.with("REDIS_ALLOW_EVICTION", "true");
        forced.ok(&["dispatch", "noop", "{}"]);
    }
    let forced = Home::redis_at(&redis.url()).with("REDIS_ALLOW_EVICTION", "true");
    let id = forced.ok(&["dispatch", "noop", "{}"]);
    forced.ok(&["work", "--once"]);
    assert_eq!(forced.json(&["status", &id, "--json"])["status"], "completed");
}

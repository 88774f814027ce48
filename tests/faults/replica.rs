//! R35: a Redis that has become the replica of another, as in a failover, and is made a master again.

use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::json;

use super::clean;
use crate::redis::server::Server as Redis;
use crate::support::process::Home;
use crate::support::until;

const LEASE: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn r35_a_redis_that_is_demoted_for_longer_than_a_lease_and_promoted_again_loses_nothing() {
    let (redis, other) = (Redis::start(&["--repl-diskless-sync-delay", "0"]), Redis::start(&[]));
    let home = Home::redis_at(&redis.url())
        .with("JOURNEYMAN_WORKER_LEASE", "3")
        .with("JOURNEYMAN_WORKER_HEARTBEAT", "0.8")
        .with("CONNECTION_TIMEOUT", "1");
    other.follow(Some(&redis));
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let mut worker = home.start(&["work", "--workers", "6"]);
    let mut acknowledged: Vec<String> = (0..20).map(|n| api.enqueue("echo", json!({"value": n}))).collect();
    let running = [(); 3].map(|()| api.enqueue("sleep", json!({"seconds": 2 * LEASE.as_secs()})));
    running.iter().for_each(|id| drop(api.until(id, "reserved")));
    other.has_caught_up_with(&redis);

    other.follow(None);
    redis.follow(Some(&other));
    let clock = Stopwatch::start();
    let refused = api.post(r#"{"task_type": "noop"}"#);
    assert_eq!(refused.refusal(), "503 store_unavailable");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    until("it is not ready, as it takes no jobs", PATIENCE, || (api.get("/ready").status == 503).then_some(()));
    let log = server.process.stderr();
    assert!(log.contains("this Redis is a replica, which takes no jobs: connect to its master"), "{log}");
    let started = home.run(&["dispatch", "noop", "{}"]);
    assert!(started.complaints().join(" ").contains("replica"), "{started:?}");
    until("a lease is over", PATIENCE, || (clock.elapsed() > LEASE + Duration::from_secs(1)).then_some(()));

    redis.follow(None);
    until("it is ready again", PATIENCE, || (api.get("/ready").status == 200).then_some(()));
    acknowledged.push(api.enqueue("noop", json!({})));
    acknowledged.iter().for_each(|id| drop(api.until(id, "completed")));
    for id in &running {
        let status = api.until(id, "completed");
        assert_eq!(status["attempts"], 1, "its worker was alive: {status}");
    }
    assert_eq!(api.metrics()["processed"], acknowledged.len() + running.len());
    assert!(worker.is_running() && !worker.stderr().contains("lease lost"), "{}", worker.stderr());
    clean(&home);
}

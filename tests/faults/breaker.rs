//! R35: a store that does not answer is left alone; nobody waits for it meanwhile, and everybody comes back by himself.

use std::time::Duration;

use journeyman::clock::Stopwatch;
use serde_json::json;

use crate::redis::server::Server as Redis;
use crate::support::process::Home;
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn r35_while_the_breaker_is_open_requests_are_refused_at_once_and_all_heals_without_a_restart() {
    let mut redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let home = Home::redis_at(&redis.url())
        .with_short_lease()
        .with("CONNECTION_TIMEOUT", "1")
        .with("CIRCUIT_BREAKER_THRESHOLD", "3")
        .with("CIRCUIT_RECOVERY_TIMEOUT", "5");
    let server = home.serve(&["--no-worker"]);
    let mut worker = home.start(&["work"]);
    let api = server.api;
    let first = api.enqueue("echo", json!({"value": 1}));
    api.until(&first, "completed");
    redis.kill();

    let refused = until("the breaker is open", PATIENCE, || {
        let answer = api.get("/api/queue/stats");
        let seconds: u32 = answer.header("retry-after")?.parse().ok()?;
        (answer.status == 503 && seconds > 1).then_some(answer)
    });
    assert_eq!(refused.refusal(), "503 store_unavailable");
    let watch = Stopwatch::start();
    for _ in 0..10 {
        assert_eq!(api.post(r#"{"task_type": "noop"}"#).status, 503);
    }
    assert!(watch.elapsed() < Duration::from_millis(500), "ten refusals took {:?}", watch.elapsed());
    let ready = api.get("/ready");
    assert_eq!(ready.status, 503);
    assert!(ready.json()["detail"].as_str().unwrap().contains("breaker is open"), "{ready:?}");
    assert_eq!(api.get("/live").status, 200);
    until("the worker has noticed", PATIENCE, || worker.stderr().contains("it is left alone").then_some(()));

    redis.start_again();
    let second = until("the server takes jobs again", PATIENCE, || {
        let answer = api.post(r#"{"task_type": "echo", "task_data": {"value": 2}}"#);
        (answer.status == 201).then(|| answer.json()["task_id"].as_str().unwrap().to_owned())
    });
    api.until(&second, "completed");
    assert_eq!(api.get("/ready").json()["breaker"], "closed");
    assert!(worker.is_running() && worker.stderr().contains("the store answers again"), "{}", worker.stderr());
}

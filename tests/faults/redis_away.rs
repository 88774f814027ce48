//! P1, R35: Redis dies under a living server, and comes back.

use std::time::Duration;

use serde_json::json;

use crate::redis::server::Server as Redis;
use crate::support::process::Home;
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn r35_a_server_outlives_its_redis_and_loses_no_job() {
    let mut redis = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let home = Home::redis_at(&redis.url()).with_short_lease();
    let mut server = home.serve(&[]);
    let api = server.api;
    assert_eq!(api.get("/ready").status, 200);
    let mut acknowledged: Vec<_> = (0..20).map(|_| api.enqueue("sleep", json!({"seconds": 0.5}))).collect();
    redis.kill();

    until("it is not ready", PATIENCE, || (api.get("/ready").status == 503).then_some(()));
    assert_eq!(api.get("/live").status, 200);
    let refused = api.post(r#"{"task_type": "noop"}"#);
    assert!(refused.refusal().starts_with("503 store_"), "{refused:?}");
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{refused:?}");
    assert_eq!(refused.json()["retryable"], true);
    assert_eq!(api.get("/api/queue/stats").status, 503);

    redis.start_again();
    until("it is ready again", PATIENCE, || (api.get("/ready").status == 200).then_some(()));
    acknowledged.push(api.enqueue("noop", json!({})));
    for id in &acknowledged {
        api.until(id, "completed");
    }
    assert!(server.process.is_running());
    assert!(!server.process.stderr().contains("panicked"), "{}", server.process.stderr());
}

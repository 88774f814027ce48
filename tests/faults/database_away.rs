//! P1, R33, R35: a database server dies under a living worker, and comes back.

use std::time::Duration;

use serde_json::json;

use crate::support::database::{Care, DatabaseServer, Engine};
use crate::support::process::Home;
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn r35_a_server_outlives_its_mariadb_and_loses_no_job() {
    outlives(Engine::MariaDb);
}

#[test]
fn r35_a_server_outlives_its_postgres_and_loses_no_job() {
    outlives(Engine::Postgres);
}

fn outlives(engine: Engine) {
    let mut database = DatabaseServer::start(engine, Care::Durable);
    let home = Home::database(&database.fresh_url()).with_short_lease().with("CONNECTION_TIMEOUT", "2");
    let mut server = home.serve(&[]);
    let api = server.api;
    let ready = api.get("/ready");
    assert_eq!(ready.status, 200, "{ready:?}");
    let mut acknowledged: Vec<_> = (0..20).map(|n| api.enqueue("echo", json!({"value": n}))).collect();
    acknowledged.extend((0..20).map(|_| api.enqueue("sleep", json!({"seconds": 0.5}))));
    database.kill();

    until("it is not ready", PATIENCE, || (api.get("/ready").status == 503).then_some(()));
    assert_eq!(api.get("/live").status, 200);
    let refused = api.post(r#"{"task_type": "noop"}"#);
    assert!(refused.refusal().starts_with("503 store_"), "{refused:?}");
    assert_eq!(api.get("/api/queue/stats").status, 503);

    database.start_again();
    until("it is ready again", PATIENCE, || (api.get("/ready").status == 200).then_some(()));
    acknowledged.push(api.enqueue("noop", json!({})));
    for id in &acknowledged {
        api.until(id, "completed");
    }
    let metrics = api.metrics();
    assert_eq!(metrics["processed"], metrics["enqueued"], "none is lost, none counts twice: {metrics}");
    assert!(server.process.is_running());
    assert!(!server.process.stderr().contains("panicked"), "{}", server.process.stderr());
}

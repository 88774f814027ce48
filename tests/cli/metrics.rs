//! R52: metrics of real processes, and what of them reaches the log.

use std::time::Duration;

use serde_json::json;

use crate::support::http::Api;
use crate::support::process::Home;
use crate::support::until;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn r52_a_server_tells_what_its_jobs_took() {
    let home = Home::sqlite();
    let server = home.serve(&["--workers", "7"]);
    let id = server.api.enqueue("echo", json!({"value": 1}));
    server.api.until(&id, "completed");
    let counted = "journeyman_job_duration_seconds_count{job_type=\"echo\",outcome=\"completed\"} 1";
    until("the job is measured", PATIENCE, || {
        let answer = server.api.get("/metrics");
        (answer.status == 200 && answer.body.contains(counted)).then_some(())
    });
    let text = server.api.get("/metrics").body;
    for line in
        ["journeyman_worker_slots 7", "journeyman_store_up 1", "journeyman_store_breaker_state{state=\"closed\"} 1"]
    {
        assert!(text.lines().any(|given| given == line), "{line} in\n{text}");
    }
}

#[test]
fn r52_a_worker_tells_where_it_is_told_to_and_nothing_but_that() {
    let home = Home::sqlite().with("JOURNEYMAN_METRICS_BIND", "127.0.0.1:0");
    home.ok(&["dispatch", "noop"]);
    let mut worker = home.start(&["work"]);
    let api = until("the worker tells where it serves", PATIENCE, || {
        assert!(worker.is_running(), "{}", worker.stderr());
        let log = worker.stderr();
        let (_, rest) = log.split_once("address=")?;
        rest.split_whitespace().next()?.parse().ok().map(Api)
    });
    until("the job is measured", PATIENCE, || {
        let counted = "journeyman_job_duration_seconds_count{job_type=\"noop\",outcome=\"completed\"} 1";
        api.get("/metrics").body.contains(counted).then_some(())
    });
    assert_eq!((api.get("/live").status, api.get("/ready").status), (200, 200));
    assert_eq!((api.get("/api/queue/stats").status, api.get("/docs/").status), (404, 404));
    worker.signal("TERM");
    assert!(worker.ends_within(PATIENCE).success());
}

#[test]
fn r52_metrics_of_a_worker_are_not_shown_to_the_network_by_accident() {
    let home = Home::sqlite().with("JOURNEYMAN_METRICS_BIND", "0.0.0.0:0");
    let ran = home.run(&["work", "--stop-when-empty"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("refusing to listen on 0.0.0.0:0"), "{ran:?}");
    home.with("JOURNEYMAN_METRICS_OPEN", "true").ok(&["work", "--stop-when-empty"]);
}

/// Two documents ask for this line (`log_threshold`).
#[test]
fn r52_a_number_that_moves_is_one_line_and_one_that_stays_is_none() {
    let home = Home::sqlite().with("JOURNEYMAN_METRICS_LOG_INTERVAL", "0.1");
    let server = home.serve(&[]);
    let id = server.api.enqueue("noop", json!({}));
    server.api.until(&id, "completed");
    let log = until("the numbers have moved", PATIENCE, || {
        let log = server.process.stderr();
        (log.contains("metric=\"processed\"") && log.contains("metric=\"success_rate\"")).then_some(log)
    });
    let lines: Vec<_> = log.lines().filter(|line| line.contains("metric moved")).collect();
    assert!(lines.iter().all(|line| line.contains("INFO")), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("metric=\"enqueued\"")).count(), 1, "{lines:?}");
    assert!(!log.contains("metric=\"failed\""), "{lines:?}");
}

#[test]
fn r49_metrics_can_be_switched_off() {
    let home =
        Home::sqlite().with("JOURNEYMAN_METRICS_ENABLED", "false").with("JOURNEYMAN_METRICS_LOG_INTERVAL", "0.1");
    let server = home.serve(&[]);
    let id = server.api.enqueue("noop", json!({}));
    server.api.until(&id, "completed");
    assert_eq!(server.api.get("/metrics").status, 404);
    assert!(!server.process.stderr().contains("metric moved"));
}

//! P10: the store's clock decides, however wrong those of servers and workers are.

use std::time::Duration;

use chrono::{DateTime, Utc};
use journeyman::clock::{Clock, Stopwatch, SystemClock, Timestamp};
use serde_json::{Value, json};

use super::{all_at_once, clean};
use crate::support::process::Home;
use crate::support::until;

const AHEAD: &str = "+3600s";
const BEHIND: &str = "-3600s";
const PATIENCE: Duration = Duration::from_secs(60);
/// A minute is much on any machine, and little beside an hour.
const NEAR: Duration = Duration::from_secs(60);

#[test]
fn p10_an_hours_error_of_server_or_worker_moves_no_delay_no_lease_and_no_retry() {
    all_at_once(&[
        ("redis", || on_the_stores_time(&Home::redis())),
        ("mariadb", || on_the_stores_time(&Home::mariadb())),
        ("postgres", || on_the_stores_time(&Home::postgres())),
        ("sqlite", || on_a_clock_that_is_set_back(&Home::sqlite())),
    ]);
}

fn now() -> Timestamp {
    SystemClock::default().now()
}

fn is_near(time: &Value) -> bool {
    let told: DateTime<Utc> = time.as_str().unwrap_or_else(|| panic!("{time}")).parse().unwrap();
    let (told, now) = (Timestamp::from_datetime(told), now());
    told.since(now) < NEAR && now.since(told) < NEAR
}

/// The server is an hour ahead, one worker too, the other an hour behind.
fn on_the_stores_time(home: &Home) {
    let home = home.clone().with_short_lease();
    let (ahead, behind) = (home.clone().with_clock_off_by(AHEAD), home.clone().with_clock_off_by(BEHIND));
    let server = ahead.serve(&["--no-worker"]);
    let api = server.api;
    let told = api.get("/live").header("date").unwrap().to_owned();
    let told = DateTime::parse_from_rfc2822(&told).unwrap().to_utc();
    assert!(Timestamp::from_datetime(told).since(now()) > Duration::from_secs(3000), "the server's clock is wrong");
    let post = |task: Value| {
        let answer = api.post(&task.to_string());
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["task_id"].as_str().unwrap().to_owned()
    };
    // One worker at a time is ready for what comes, so that it is known which one it is.
    for (home, others) in [(&behind, &ahead), (&ahead, &behind)] {
        let worker = home.start(&["work"]);
        until("it tells the wrong time", PATIENCE, || is_off(&worker.stderr()).then_some(()));
        let clock = Stopwatch::start();
        let delayed = post(json!({"task_type": "noop", "delay": 3}));
        let at = now().plus(Duration::from_secs(3)).to_rfc3339();
        let timed = post(json!({"task_type": "noop", "run_at": at}));
        let retried = post(json!({"task_type": "flaky", "task_data": {"failures": 2}, "retry_config":
            {"max_attempts": 3, "strategy": "fixed", "delay": 1}}));
        // An hour would be far past its budget.
        let limited = post(json!({"task_type": "sleep", "task_data": {"seconds": 4}, "timeout": 20}));
        assert_eq!(api.status(&delayed)["status"], "delayed");
        assert!(worker.is(&api.until(&limited, "reserved")["worker"]));
        // The reaper of the other one sees a lease that ended an hour ago, or ends in an hour, if it asks its own clock.
        let other = others.start(&["work", "--queue", "elsewhere"]);
        for id in [&delayed, &timed] {
            let status = api.until(id, "completed");
            assert!(clock.elapsed() > Duration::from_millis(2_500), "{:?}: {status}", clock.elapsed());
            assert_eq!(status["attempts"], 1, "{status}");
            let times = [&status["created_at"], &status["started_at"], &status["finished_at"]];
            assert!(times.into_iter().all(is_near), "{status}");
        }
        assert_eq!(api.until(&limited, "completed")["attempts"], 1);
        let status = api.until(&retried, "completed");
        assert_eq!(status["attempts"], 3, "{status}");
        assert!(status["history"].as_array().unwrap().iter().all(|entry| is_near(&entry["finished_at"])), "{status}");
        assert!(clock.elapsed() > Duration::from_secs(2), "two waits of a second");
        drop((worker, other));
    }
    // A worker that dies is missed as soon by one whose clock is two hours from its own.
    let mut dies = behind.start(&["work"]);
    let orphan = post(json!({"task_type": "sleep", "task_data": {"seconds": 1}}));
    api.until(&orphan, "reserved");
    dies.kill();
    let clock = Stopwatch::start();
    let _heir = ahead.start(&["work"]);
    let status = until("the other one completes it", PATIENCE, || {
        Some(api.status(&orphan)).filter(|status| status["status"] == "completed")
    });
    assert_eq!((&status["attempts"], &status["history"][0]["outcome"]), (&json!(2), &json!("worker_lost")), "{status}");
    assert!(clock.elapsed() < Duration::from_secs(30), "{:?}", clock.elapsed());
    // Records of a minute ago are not an hour old, nor does any ever become so too soon.
    ahead.ok(&["prune"]);
    assert_eq!(api.status(&orphan), status);
    clean(&home);
}

/// The embedded store has the clock of its machine, and that may be set back: what was to come comes by the new time, no
/// lease of the living ends, and a process that goes on does not see time run backwards.
fn on_a_clock_that_is_set_back(home: &Home) {
    let home = home.clone().with_short_lease();
    let ahead = home.clone().with_clock_off_by(AHEAD);
    let of_past = {
        let server = ahead.serve(&[]);
        let id = server.api.enqueue("noop", json!({}));
        server.api.until(&id, "completed");
        server.api.enqueue("sleep", json!({"seconds": 600}))
    };
    // Set back by an hour while nothing ran.
    let server = home.serve(&[]);
    let api = server.api;
    let clock = Stopwatch::start();
    let id = api.enqueue("noop", json!({}));
    api.until(&id, "completed");
    let delayed = api.post(&json!({"task_type": "noop", "delay": 2}).to_string()).json();
    api.until(delayed["task_id"].as_str().unwrap(), "completed");
    assert!(clock.elapsed() > Duration::from_millis(1_900), "{:?}", clock.elapsed());
    let long = api.enqueue("sleep", json!({"seconds": 3}));
    assert_eq!(api.until(&long, "completed")["attempts"], 1);
    assert_eq!(api.status(&of_past)["status"], "reserved", "{}", api.status(&of_past));
}

/// Lines of the log begin with the time of the process.
fn is_off(log: &str) -> bool {
    let told = log.lines().find_map(|line| line.split_once(' ')?.0.parse::<DateTime<Utc>>().ok());
    told.map(Timestamp::from_datetime).is_some_and(|told| told.since(now()).max(now().since(told)) > NEAR)
}

//! Processes that die, hang or are told to leave, in the middle of their work.

mod breaker;
mod clocks;
mod crashing_job;
mod credit_storm;
mod database_away;
mod disk;
mod disk_full;
mod draining;
mod due_at_once;
mod failover;
mod frozen_worker;
mod full_redis;
mod killed_server;
mod killed_worker;
mod limits;
mod load;
mod outage;
mod overload;
mod poison;
mod redis_away;
mod replica;
mod rolling;
mod script_flush;
mod slow_crowd;
mod slow_store;
mod stopping;
mod store;

use crate::support::process::Home;

/// Checks every store at the same time: these tests mostly wait.
fn on_every_store(change: fn(Home) -> Home, check: fn(&Home)) {
    std::thread::scope(|scope| {
        let stores = [
            ("sqlite", Home::sqlite()),
            ("redis", Home::redis()),
            ("mariadb", Home::mariadb()),
            ("postgres", Home::postgres()),
        ];
        for (name, home) in stores {
            let run = move || check(&change(home));
            std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run).unwrap();
        }
    });
}

/// Runs each case in a thread that has its name: these tests mostly wait.
fn all_at_once(cases: &[(&str, fn())]) {
    std::thread::scope(|scope| {
        for (name, case) in cases {
            std::thread::Builder::new().name((*name).to_owned()).spawn_scoped(scope, case).unwrap();
        }
    });
}

/// What has to hold at the end, whatever happened: nothing is left in a state that a job passes through, and the store
/// agrees with itself (P14).
fn clean(home: &Home) {
    let stats = home.json(&["stats", "--json"]);
    let queues = stats["queues"].as_object().unwrap();
    assert!(!queues.is_empty(), "{stats}");
    for (queue, numbers) in queues {
        for state in ["pending", "delayed", "reserved"] {
            assert_eq!(numbers[state], 0, "{queue} has {state} jobs: {stats}");
        }
    }
    let verified = home.json(&["doctor", "verify", "--json"]);
    assert_eq!(verified["findings"], serde_json::json!([]), "{verified}");
    assert!(verified["checked"]["jobs"].as_u64().is_some_and(|jobs| jobs > 0), "nothing was looked at: {verified}");
}

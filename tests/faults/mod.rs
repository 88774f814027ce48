//! Processes that die, hang or are told to leave, in the middle of their work.

mod breaker;
mod crashing_job;
mod frozen_worker;
mod killed_server;
mod killed_worker;
mod redis_away;
mod stopping;

use crate::support::process::Home;

/// Checks both stores at the same time: these tests mostly wait.
fn on_both_stores(change: fn(Home) -> Home, check: fn(&Home)) {
    std::thread::scope(|scope| {
        for (name, home) in [("sqlite", Home::sqlite()), ("redis", Home::redis())] {
            let run = move || check(&change(home));
            std::thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, run).unwrap();
        }
    });
}

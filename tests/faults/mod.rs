//! Processes that die, hang or are told to leave, in the middle of their work.

mod breaker;
mod crashing_job;
mod credit_storm;
mod database_away;
mod draining;
mod frozen_worker;
mod killed_server;
mod killed_worker;
mod limits;
mod load;
mod overload;
mod redis_away;
mod rolling;
mod slow_crowd;
mod slow_store;
mod stopping;

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

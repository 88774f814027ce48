//! What tests need around the thing they test.

#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod database;
#[allow(dead_code, reason = "for the tests that roll dice")]
pub mod effort;
#[allow(dead_code, reason = "for the tests of the real binary")]
pub mod http;
#[allow(dead_code, reason = "for what is counted")]
pub mod instructions;
#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod mariadb;
#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod postgres;
#[allow(dead_code, reason = "for the tests of the real binary")]
pub mod process;
#[allow(dead_code, reason = "for what posts to others")]
pub mod receiver;
#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod redis;

use std::time::Duration;

use journeyman::clock::Stopwatch;

#[allow(dead_code, reason = "see `eventually`")]
/// Longest a test waits for something that must happen.
pub const DEADLINE: Duration = Duration::from_secs(5);

#[allow(dead_code, reason = "for what happens in tasks of its own")]
/// Polls `condition` until it holds; panics with `what` once the deadline has passed.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let poll = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, poll).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}

/// Asks again until there is something; panics with `what` once `longest` has passed. For what other processes do.
pub fn until<T>(what: &str, longest: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = Stopwatch::start();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock.elapsed() < longest, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Makes each named function a test on each store that servers and workers of several processes can share.
macro_rules! on_each_store {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::sqlite()); })+
        }
        mod redis {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::redis()); })+
        }
        mod mariadb {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::mariadb()); })+
        }
        mod postgres {
            $(#[test] fn $name() { super::$name(&$crate::support::process::Home::postgres()); })+
        }
    };
}

pub(crate) use on_each_store;

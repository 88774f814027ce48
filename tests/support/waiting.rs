//! Waiting for what must happen.

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

//! What tests need around the thing they test.

#[allow(dead_code, reason = "for the drivers that need a server")]
pub mod redis;

use std::time::Duration;

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

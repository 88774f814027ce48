//! Ends a panic on the thread where it happened, so that a thread of the blocking pool outlives it.

use super::around::Inner;
use crate::worker::attempt::{Attempt, AttemptFuture};
use crate::worker::panics::caught;

pub(super) fn catch_panic(inner: &mut impl Inner, attempt: Attempt) -> AttemptFuture {
    let running = inner.call(attempt);
    Box::pin(async move { caught(running).await? })
}

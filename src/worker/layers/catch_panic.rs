//! A panic is a failure of its job and of nothing else.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use journeyman_job::{ErrorKind, JobError};

use super::around::Inner;
use crate::worker::attempt::{Attempt, AttemptFuture};

pub(super) fn catch_panic(inner: &mut impl Inner, attempt: Attempt) -> AttemptFuture {
    let running = AssertUnwindSafe(inner.call(attempt)).catch_unwind();
    Box::pin(async move { running.await.unwrap_or_else(|panic| Err(failure(panic.as_ref()))) })
}

fn failure(panic: &(dyn Any + Send)) -> JobError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    JobError::of(ErrorKind::Panic, format!("the job panicked: {}", text.unwrap_or("without a message")))
}

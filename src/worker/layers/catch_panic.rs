//! A panic is a failure of its job and of nothing else.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use futures::FutureExt;
use journeyman_job::{ErrorKind, JobError, Outcome};
use tower::Service;

use crate::worker::attempt::{Attempt, AttemptFuture};

#[derive(Debug, Clone)]
pub(super) struct CatchPanic<S>(pub(super) S);

impl<S> Service<Attempt> for CatchPanic<S>
where
    S: Service<Attempt, Response = Outcome, Error = JobError, Future = AttemptFuture>,
{
    type Response = Outcome;
    type Error = JobError;
    type Future = AttemptFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> AttemptFuture {
        let running = AssertUnwindSafe(self.0.call(attempt)).catch_unwind();
        Box::pin(async move { running.await.unwrap_or_else(|panic| Err(failure(panic.as_ref()))) })
    }
}

fn failure(panic: &(dyn Any + Send)) -> JobError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    JobError::of(ErrorKind::Panic, format!("the job panicked: {}", text.unwrap_or("without a message")))
}

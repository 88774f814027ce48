//! A time limit inside an attempt.

use std::task::{Context, Poll};
use std::time::Duration;

use tower::{Layer, Service};

use super::{HandleFuture, HandleService, Handling};
use crate::{ErrorKind, JobError, Outcome};

/// tower's own time limit boxes its errors, and with it the kind of a failure.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeoutLayer(pub(super) Duration);

#[derive(Debug, Clone)]
pub(super) struct Timeout {
    inner: HandleService,
    limit: Duration,
}

impl Layer<HandleService> for TimeoutLayer {
    type Service = Timeout;

    fn layer(&self, inner: HandleService) -> Timeout {
        Timeout { inner, limit: self.0 }
    }
}

impl Service<Handling> for Timeout {
    type Response = Outcome;
    type Error = JobError;
    type Future = HandleFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, call: Handling) -> HandleFuture {
        let (limit, running) = (self.limit, self.inner.call(call));
        Box::pin(async move {
            tokio::time::timeout(limit, running).await.unwrap_or_else(|_| {
                let message = format!("a call of the job ran longer than {} s", limit.as_secs_f64());
                Err(JobError::of(ErrorKind::Timeout, message))
            })
        })
    }
}

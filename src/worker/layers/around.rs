//! What all layers have in common: a service around a service.

use std::task::{Context, Poll};

use journeyman_job::{JobError, Outcome};
use tower::Service;

use crate::worker::attempt::{Attempt, AttemptFuture};

/// Anything that can run an attempt.
pub(super) trait Inner: Service<Attempt, Response = Outcome, Error = JobError, Future = AttemptFuture> {}

impl<S: Service<Attempt, Response = Outcome, Error = JobError, Future = AttemptFuture>> Inner for S {}

/// A layer as a function: it is given the service inside and the attempt, and makes the future of both.
#[derive(Debug, Clone)]
pub(super) struct Around<S, F> {
    inner: S,
    layer: F,
}

impl<S, F> Around<S, F> {
    pub(super) fn new(inner: S, layer: F) -> Self {
        Self { inner, layer }
    }
}

impl<S: Inner, F: Fn(&mut S, Attempt) -> AttemptFuture> Service<Attempt> for Around<S, F> {
    type Response = Outcome;
    type Error = JobError;
    type Future = AttemptFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> AttemptFuture {
        (self.layer)(&mut self.inner, attempt)
    }
}

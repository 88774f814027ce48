//! Puts an attempt on its lane and limits its time there.

use std::task::{Context, Poll};

use journeyman_job::{JobError, Lane, Outcome};
use tower::Service;

use super::timeout::within;
use crate::worker::attempt::{Attempt, AttemptFuture};
use crate::worker::lanes::BlockingPool;

#[derive(Debug, Clone)]
pub(super) struct InLane<S> {
    inner: S,
    pool: BlockingPool,
}

impl<S> InLane<S> {
    pub(super) fn new(inner: S, pool: BlockingPool) -> Self {
        Self { inner, pool }
    }
}

impl<S> Service<Attempt> for InLane<S>
where
    S: Service<Attempt, Response = Outcome, Error = JobError, Future = AttemptFuture>,
{
    type Response = Outcome;
    type Error = JobError;
    type Future = AttemptFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, attempt: Attempt) -> AttemptFuture {
        let (lane, timeout) = (attempt.lane, attempt.timeout);
        let cancellation = attempt.context.cancellation().clone();
        let running = self.inner.call(attempt);
        match lane {
            Lane::Async => Box::pin(within(timeout, cancellation, running)),
            Lane::Blocking => {
                let pool = self.pool.clone();
                Box::pin(async move {
                    // A thread first: the time limit is for the job, not for the queue before the pool.
                    let thread = pool.thread().await?;
                    let threaded = async move { thread.run(running).await? };
                    within(timeout, cancellation, threaded).await
                })
            }
        }
    }
}

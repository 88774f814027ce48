//! A span around each attempt, so that what a job logs can be found by its id.

use std::task::{Context, Poll};

use journeyman_job::{JobError, Outcome};
use tower::Service;
use tracing::Instrument;

use crate::worker::attempt::{Attempt, AttemptFuture};

#[derive(Debug, Clone)]
pub(super) struct Trace<S>(pub(super) S);

impl<S> Service<Attempt> for Trace<S>
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
        let span = tracing::info_span!(
            "job",
            job.id = %attempt.context.id(),
            job.r#type = %attempt.job_type,
            job.queue = %attempt.context.queue(),
            job.attempt = attempt.context.attempt(),
        );
        let running = self.0.call(attempt);
        // No span is wanted at this level: then no second box either.
        if span.is_disabled() { running } else { Box::pin(running.instrument(span)) }
    }
}

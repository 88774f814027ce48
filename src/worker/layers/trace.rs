//! A span around each attempt, so that what a job logs can be found by its id.

use tracing::Instrument;

use super::around::Inner;
use crate::worker::attempt::{Attempt, AttemptFuture};

pub(super) fn trace(inner: &mut impl Inner, attempt: Attempt) -> AttemptFuture {
    let span = tracing::info_span!(
        "job",
        job.id = %attempt.context.id(),
        job.r#type = %attempt.job_type,
        job.queue = %attempt.context.queue(),
        job.attempt = attempt.context.attempt(),
    );
    let running = inner.call(attempt);
    // No span is wanted at this level: then no second box either.
    if span.is_disabled() { running } else { Box::pin(running.instrument(span)) }
}

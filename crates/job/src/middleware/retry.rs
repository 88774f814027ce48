//! Several calls in one attempt.

use std::future::Future;
use std::pin::Pin;

use tower::retry::Policy;

use super::Handling;
use crate::{Backoff, JobError, Outcome};

/// In the middle: no roll of the dice, for one process does not call in step with itself.
const NO_JITTER: f64 = 0.5;

#[derive(Debug, Clone)]
pub(super) struct RetryWithBackoff {
    /// In total.
    calls: u32,
    backoff: Backoff,
    made: u32,
}

impl RetryWithBackoff {
    pub(super) fn new(calls: u32, backoff: Backoff) -> Self {
        Self { calls, backoff, made: 0 }
    }
}

impl Policy<Handling, Outcome, JobError> for RetryWithBackoff {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(&mut self, call: &mut Handling, result: &mut Result<Outcome, JobError>) -> Option<Self::Future> {
        self.made += 1;
        let failed = result.as_ref().is_err_and(|error| !error.kind().is_final());
        if !failed || self.made >= self.calls || call.context.is_cancelled() {
            return None;
        }
        let wait = self.backoff.delay_after(self.made, NO_JITTER);
        Some(Box::pin(tokio::time::sleep(wait)))
    }

    fn clone_request(&mut self, call: &Handling) -> Option<Handling> {
        Some(call.clone())
    }
}

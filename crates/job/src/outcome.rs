//! What an attempt that did not fail ended with.

use std::time::Duration;

use serde::Serialize;

use crate::{JobError, RawJson};

/// What `handle` returns. `?` on any error makes a retryable failure; `JobError::fatal` ends the retries.
pub type JobResult = Result<Outcome, JobError>;

/// How an attempt ended, short of failing.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The job is done. The result, if any, can be read by status as long as the job's record is kept.
    Completed(Option<RawJson>),
    /// Not now: run it again after `delay`. Counts as an attempt.
    Released { delay: Duration },
    /// Not now, and this attempt does not count.
    Snoozed { delay: Duration },
}

impl Outcome {
    /// Done, with nothing to tell.
    pub fn done() -> Self {
        Self::Completed(None)
    }

    /// Done, with a result that status will show. Fails if `value` cannot be written as JSON.
    pub fn with(value: impl Serialize) -> JobResult {
        Ok(Self::Completed(Some(RawJson::encode(&value)?)))
    }

    /// Run again after `delay`, as Laravel's `release`. Counts as an attempt.
    pub fn release(delay: Duration) -> Self {
        Self::Released { delay }
    }

    /// Run again after `delay` without using an attempt.
    pub fn snooze(delay: Duration) -> Self {
        Self::Snoozed { delay }
    }
}

//! The contract of a job.

use std::borrow::Cow;
use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Backoff, JobContext, JobError, JobResult, Lane, Middleware, Priority, Unique};

/// A unit of background work. The fields of the implementing struct are its payload.
///
/// All methods but [`handle`](Job::handle) have defaults, and each may look at `self`, so that every option can be set
/// per type and per instance. The options are read once, at dispatch, and frozen into the stored job.
#[typetag::serde(tag = "type", content = "data")]
#[async_trait]
pub trait Job: Debug + Send + Sync {
    /// Does the work of one attempt. An `Err` is a failed attempt, retried as the options say; a panic is one too.
    async fn handle(&self, ctx: &JobContext) -> JobResult;

    /// Called once the job has failed for good, on a freshly decoded instance, under the job's own timeout. What it
    /// returns or panics with is recorded and changes nothing else. It runs again, by itself, if its worker dies or stops
    /// meanwhile.
    async fn failed(&self, _ctx: &JobContext, _error: &JobError) -> Result<(), JobError> {
        Ok(())
    }

    /// Executions in total, the first one included. 1 = no retry, 0 = no limit. Default 3. An execution that a worker's stop
    /// cuts off does not count, nor does the last one if its worker dies.
    fn max_tries(&self) -> u32 {
        3
    }

    /// Longest one attempt may run. Past it the attempt is cancelled at its next await point and fails with
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout). Zero = no limit. Default 60 s.
    fn timeout(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Wait between a failed attempt and the next one, unless [`backoff`](Job::backoff) says more. Default 0 s.
    fn retry_after(&self) -> Duration {
        Duration::ZERO
    }

    /// Queue it is pushed to unless the dispatch names another. Default `"default"`.
    fn queue(&self) -> Cow<'static, str> {
        Cow::Borrowed("default")
    }

    /// Waits between attempts; `None` means `Backoff::fixed(self.retry_after())`.
    fn backoff(&self) -> Option<Backoff> {
        None
    }

    /// Total budget since the first attempt began. A retry that would start after it is not scheduled: the job fails
    /// with [`ErrorKind::WouldExceedDeadline`](crate::ErrorKind::WouldExceedDeadline). Default none.
    fn retry_for(&self) -> Option<Duration> {
        None
    }

    /// Priority within its queue and across a worker's queues; `None` means that of the queue, else normal.
    fn priority(&self) -> Option<Priority> {
        None
    }

    /// Where `handle` runs. Code that blocks the thread belongs in [`Lane::Blocking`].
    fn lane(&self) -> Lane {
        Lane::Async
    }

    /// Layers around `handle`: time limits, retries within an attempt, a circuit breaker, any tower layer. Default none.
    fn middleware(&self) -> Middleware {
        Middleware::new()
    }

    /// What makes it the same work as another job of its queue: while one has not ended, dispatching a second gives back
    /// the first one's id. Default none.
    fn unique(&self) -> Option<Unique> {
        None
    }

    /// Labels to find the job by.
    fn tags(&self) -> Vec<String> {
        Vec::new()
    }
}

//! One run of a job's code, as the layers pass it on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use journeyman_job::{Handling, Job, JobContext, JobError, Lane, Outcome};
use tower::Service;
use tower::util::BoxCloneSyncService;

/// What a job's code is asked to do.
#[derive(Debug, Clone)]
pub enum Phase {
    Handle,
    /// The job has failed for good with this error.
    Failed(JobError),
}

/// A request to the layers around a job.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub job: Arc<dyn Job>,
    pub job_type: Arc<str>,
    pub context: JobContext,
    pub phase: Phase,
    pub lane: Lane,
    /// Longest it may run; `None` = no limit.
    pub timeout: Option<Duration>,
}

/// The whole pipe around a job's code.
pub type AttemptService = BoxCloneSyncService<Attempt, Outcome, JobError>;

pub(super) type AttemptFuture = Pin<Box<dyn Future<Output = Result<Outcome, JobError>> + Send>>;

/// The innermost service: the job's own code.
#[derive(Debug, Clone, Copy)]
pub struct RunJob;

impl Service<Attempt> for RunJob {
    type Response = Outcome;
    type Error = JobError;
    type Future = AttemptFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, attempt: Attempt) -> AttemptFuture {
        Box::pin(async move {
            match &attempt.phase {
                Phase::Handle => handle(attempt).await,
                Phase::Failed(error) => attempt.job.failed(&attempt.context, error).await.map(|()| Outcome::done()),
            }
        })
    }
}

/// `handle` within the layers that the job's type puts around it.
async fn handle(attempt: Attempt) -> Result<Outcome, JobError> {
    let Attempt { job, context, .. } = attempt;
    let middleware = job.middleware();
    if middleware.is_empty() {
        return job.handle(&context).await;
    }
    middleware.run(Handling { job, context }).await
}

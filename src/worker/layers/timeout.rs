//! The time limit of one attempt.

use std::future::Future;
use std::time::Duration;

use journeyman_job::{ErrorKind, JobError, Outcome};
use tokio_util::sync::CancellationToken;

/// Runs `attempt` for at most `timeout`. Past it an async job is dropped at the await point where it stands; a blocking
/// one learns by its cancellation token, and its late result goes nowhere.
pub(super) async fn within(
    timeout: Option<Duration>,
    cancellation: CancellationToken,
    attempt: impl Future<Output = Result<Outcome, JobError>>,
) -> Result<Outcome, JobError> {
    let Some(limit) = timeout else { return attempt.await };
    match tokio::time::timeout(limit, attempt).await {
        Ok(result) => result,
        Err(_) => {
            cancellation.cancel();
            let message = format!("the attempt ran longer than {} s", limit.as_secs_f64());
            Err(JobError::of(ErrorKind::Timeout, message))
        }
    }
}

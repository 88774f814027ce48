//! Tells a job that it has failed for good.
//!
//! `failed` runs while the job is still held. A worker that dies meanwhile leaves the job to be failed again by another,
//! instead of failed without `failed` ever having run.

use journeyman_job::JobError;
use tracing::warn;

use super::attempt::Phase;
use super::conclusion::Ended;
use super::executor::{Executor, InHand, Ran};
use super::opening::{Obstacle, opened, ready};
use super::panics::caught_now;
use crate::queue::{Counted, Settlement};

impl Executor {
    /// Runs `failed` and ends the job. A worker that stops meanwhile gives the job back for another one to tell it anew,
    /// and for nothing else.
    pub(super) async fn fail(
        &self,
        hand: &InHand,
        job_type: &str,
        ended: Ended,
        error: JobError,
        counted: Option<Counted>,
    ) {
        let (settlement, ended) = match self.tell(hand, &error).await {
            Ok(Ran::ToItsEnd(told)) => ended.failed(error, told.err().inspect(|error| note(hand, error))),
            Ok(Ran::CutOff) => (Settlement::Requeue, ended.doomed(error)),
            // The store will refuse it: the job is another's, and so is this call.
            Ok(Ran::Lost) => ended.failed(error, None),
            Err(Obstacle::Undecodable { error: misfit, .. }) => ended.failed(error, Some(misfit)),
            Err(elsewhere) => return self.set_aside(hand, elsewhere).await,
        };
        self.hand_over(hand, job_type, ended, settlement, counted).await;
    }

    /// A job that failed for good under another holder, who did not get to the end of `failed`. With `given_up`, why it is
    /// not to run any more.
    pub(super) async fn tell_again(&self, hand: &InHand, error: JobError, given_up: Option<JobError>) {
        let job_type = match opened(&hand.job) {
            Ok(body) => body.type_name.into_owned(),
            Err(obstacle @ Obstacle::Elsewhere { .. }) => return self.set_aside(hand, obstacle).await,
            Err(obstacle) => obstacle.job_type().to_owned(),
        };
        let ended = Ended::new(&hand.job, hand.stopwatch.elapsed());
        if let Some(reason) = given_up {
            let (settlement, ended) = ended.failed(error, Some(reason));
            return self.hand_over(hand, &job_type, ended, settlement, None).await;
        }
        self.fail(hand, &job_type, ended, error, None).await;
    }

    /// Calls `failed` on a fresh instance, under the job's own time limit.
    async fn tell(&self, hand: &InHand, error: &JobError) -> Result<Ran, Obstacle> {
        let fresh = ready(&hand.job)?;
        let limit = self.options.timeout.unwrap_or(fresh.options.timeout);
        let limit = (!limit.is_zero()).then_some(limit);
        let ran = self.call(hand, &fresh, Phase::Failed(error.clone()), limit).await;
        // Its drop is its own code too, and the verdict does not hang on it.
        Ok(caught_now(|| drop(fresh)).map_or_else(|panic| Ran::ToItsEnd(Err(panic)), |()| ran))
    }
}

fn note(hand: &InHand, error: &JobError) {
    warn!(job.id = %hand.job.reservation.job, %error, "the job's `failed` did not end well");
}

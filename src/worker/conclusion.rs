//! From an attempt's result to what the store is told.

use std::time::Duration;

use journeyman_job::{ErrorKind, JobError, JobOptions, JobResult, Outcome};

use crate::chance;
use crate::clock::Timestamp;
use crate::queue::{
    AttemptEntry, Attempted, Counted, Policy, Reservation, ReservedJob, Routing, Settle, Settlement, Trail, callbacks,
    decide, limits,
};

/// How long a job waits whose `failed` has taken a worker down.
const TELLING_WAIT: Duration = Duration::from_secs(2);

/// An attempt that has ended, not yet settled.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) reservation: Reservation,
    /// When the attempt began, by the store's clock.
    pub(super) started_at: Timestamp,
    /// Who ran it.
    worker: String,
    pub(super) trail: Trail,
    /// Since the store handed it out, by this process's clock.
    pub(super) duration: Duration,
}

impl Ended {
    pub(super) fn new(job: &ReservedJob, duration: Duration) -> Self {
        Self::of(job, Trail::decode(&job.trail), duration)
    }

    /// The same where the job's trail has been read.
    pub(super) fn of(job: &ReservedJob, trail: Trail, duration: Duration) -> Self {
        let worker = job.reservation.worker.to_string();
        Self { reservation: job.reservation.clone(), started_at: job.reserved_at, worker, trail, duration }
    }

    /// An attempt that its worker did not live to end.
    pub(super) fn cut_short(job: &ReservedJob) -> Self {
        let mut ended = Self::new(job, Duration::ZERO);
        if let Some(lost) = &job.lost {
            ended.started_at = lost.started_at;
            ended.duration = job.reserved_at.since(lost.started_at);
            ended.worker.clone_from(&lost.worker);
        }
        ended.trail.crashes = ended.trail.crashes.saturating_add(1);
        ended
    }

    /// When it ended on the store's clock: its start there plus what it took here.
    fn finished_at(&self) -> Timestamp {
        self.started_at.plus(self.duration)
    }

    /// Applies the retry policy to an attempt that ended where `failed` cannot run: with a dead worker, or in a panic beside
    /// the job's layers. Then the job is doomed and goes back, so that a death is stored before any of the job's own code
    /// runs again. `options` are `None` where they cannot be read.
    pub(super) fn judged_from_afar(
        self,
        options: Option<&JobOptions>,
        policy: Policy,
        error: JobError,
    ) -> (Settlement, Self) {
        if let Some(doom) = self.trail.doomed.clone() {
            return self.died_telling(doom, policy, error);
        }
        // As if on its last try, which a death gives back: it neither fails nor loses one.
        let unknown = JobOptions { max_tries: 1, ..JobOptions::default() };
        match self.judged(options.unwrap_or(&unknown), policy, Err(error)) {
            (Settlement::Fail { error }, ended) => (Settlement::Snooze { delay: Duration::ZERO }, ended.doomed(error)),
            other => other,
        }
    }

    /// It was `failed` that did not end. It may take as many workers down as `handle` may, and is then left out.
    fn died_telling(mut self, doom: JobError, policy: Policy, error: JobError) -> (Settlement, Self) {
        if error.kind() == ErrorKind::Panic {
            return self.failed(doom, Some(error));
        }
        if self.trail.crashes >= policy.max_crashes {
            let message = format!("{} workers died under the job, the last of them in `failed`", self.trail.crashes);
            self.trail.failed_hook_error = Some(JobError::of(ErrorKind::Crashed, message));
        }
        self.remember(error.kind().as_str(), Some(error));
        (Settlement::Snooze { delay: TELLING_WAIT }, self)
    }

    /// It has failed for good, and `failed` is still to run or to be run again.
    pub(super) fn doomed(mut self, error: JobError) -> Self {
        self.trail.doomed = Some(error.clone());
        self.trail.error = Some(error);
        self.trail.finished_at = None;
        self
    }

    /// It has failed for good, and `failed` is over.
    pub(super) fn failed(mut self, error: JobError, hook_error: Option<JobError>) -> (Settlement, Self) {
        self.trail.doomed = None;
        self.trail.error = Some(error.clone());
        self.trail.failed_hook_error = hook_error;
        self.trail.finished_at = Some(self.finished_at());
        (Settlement::Fail { error }, self)
    }

    /// Applies the retry policy to `result`, and completes the trail to match.
    pub(super) fn judged(mut self, options: &JobOptions, policy: Policy, result: JobResult) -> (Settlement, Self) {
        let result = within_limits(result);
        self.trail.first_started_at.get_or_insert(self.started_at);
        let facts = Attempted {
            options,
            trail: &self.trail,
            attempt: self.reservation.token.attempt,
            now: self.finished_at(),
            policy,
        };
        let settlement = decide(&facts, &result, chance::roll());
        let outcome = outcome_word(&result, &settlement);
        // In a row: a job that got a thread starts anew.
        self.trail.requeues = if is_pool_exhausted(&result) { self.trail.requeues.saturating_add(1) } else { 0 };
        self.trail.error = match &settlement {
            Settlement::Complete => None,
            Settlement::Fail { error } => Some(error.clone()),
            _ => result.as_ref().err().cloned().or(self.trail.error.take()),
        };
        let (value, error) = match result {
            Ok(Outcome::Completed(value)) => (value, None),
            Ok(_) => (None, None),
            Err(error) => (None, Some(error)),
        };
        self.trail.result = value;
        self.remember(outcome, error);
        if matches!(settlement, Settlement::Complete | Settlement::Fail { .. }) {
            self.trail.finished_at = Some(self.finished_at());
        }
        (settlement, self)
    }

    /// The attempt was cut short through no fault of the job: it goes back to the front of its queue.
    pub(super) fn given_back(mut self) -> (Settlement, Self) {
        self.remember("requeued", None);
        (Settlement::Requeue, self)
    }

    fn remember(&mut self, outcome: &str, error: Option<JobError>) {
        let entry = AttemptEntry {
            attempt: self.reservation.token.attempt,
            started_at: self.started_at,
            finished_at: self.finished_at(),
            outcome: outcome.to_owned(),
            error,
            worker: self.worker.clone(),
        };
        self.trail.remember(entry);
    }

    /// `body` is the stored job, which says what follows from its end.
    pub(super) fn settle(
        mut self,
        body: &[u8],
        settlement: Settlement,
        counted: Option<Counted>,
        routing: &Routing,
    ) -> Settle {
        let then = callbacks::follow(self.reservation.job, body, &settlement, &mut self.trail, routing);
        Settle { reservation: self.reservation, settlement, trail: self.trail.encode(), counted, then }
    }
}

/// A result too large to keep must not look like success without one, nor be tried again.
fn within_limits(result: JobResult) -> JobResult {
    match &result {
        Ok(Outcome::Completed(Some(value))) if value.get().len() > limits::RESULT => Err(JobError::fatal(format!(
            "the result is {} bytes of JSON: at most {} are kept; store it elsewhere and return a reference",
            value.get().len(),
            limits::RESULT
        ))),
        _ => result,
    }
}

fn outcome_word(result: &JobResult, settlement: &Settlement) -> &'static str {
    match result {
        Err(_) if is_pool_exhausted(result) && matches!(settlement, Settlement::Snooze { .. }) => "requeued",
        Ok(Outcome::Completed(_)) => "completed",
        Ok(Outcome::Released { .. }) => "released",
        Ok(Outcome::Snoozed { .. }) => "snoozed",
        Err(error) => error.kind().as_str(),
    }
}

/// The limit of this attempt: the job's own or the worker's override, and never past the total budget; `None` = no limit.
/// The error says that the budget is used up, so that there is no attempt at all.
pub(super) fn attempt_timeout(
    options: &JobOptions,
    over: Option<Duration>,
    trail: &Trail,
    now: Timestamp,
) -> Result<Option<Duration>, JobError> {
    let own = over.unwrap_or(options.timeout);
    let own = (!own.is_zero()).then_some(own);
    let left = options.retry_for.map(|budget| {
        let first = trail.first_started_at.unwrap_or(now);
        first.plus(budget).since(now)
    });
    if left.is_some_and(|left| left.is_zero()) {
        let budget = options.retry_for.unwrap_or_default().as_secs_f64();
        let message = format!("the total of {budget} s was over before this attempt could begin");
        return Err(JobError::of(ErrorKind::WouldExceedDeadline, message));
    }
    Ok(match (own, left) {
        (Some(own), Some(left)) => Some(own.min(left)),
        (own, left) => own.or(left),
    })
}

/// What a result counts as, beside success and failure.
pub(super) fn counted(result: &JobResult) -> Option<Counted> {
    match result.as_ref().map_err(JobError::kind) {
        Err(ErrorKind::Timeout) => Some(Counted::Timeout),
        Err(ErrorKind::PoolExhausted) => Some(Counted::PoolExhausted),
        _ => None,
    }
}

fn is_pool_exhausted(result: &JobResult) -> bool {
    counted(result) == Some(Counted::PoolExhausted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn r15_an_attempt_may_not_outlast_the_budget() {
        let start = Timestamp::from_micros(1_000_000_000);
        let options = JobOptions { timeout: 60 * SECOND, retry_for: Some(100 * SECOND), ..JobOptions::default() };
        let trail = Trail { first_started_at: Some(start), ..Trail::default() };
        let at = |seconds: u32| attempt_timeout(&options, None, &trail, start.plus(seconds * SECOND));
        assert_eq!((at(0), at(70)), (Ok(Some(60 * SECOND)), Ok(Some(30 * SECOND))));
        for seconds in [100, 200] {
            assert_eq!(at(seconds).unwrap_err().kind(), ErrorKind::WouldExceedDeadline, "{seconds}");
        }
    }

    #[test]
    fn no_limit_is_no_limit_unless_the_worker_sets_one() {
        let options = JobOptions { timeout: Duration::ZERO, ..JobOptions::default() };
        let trail = Trail::default();
        assert_eq!(attempt_timeout(&options, None, &trail, Timestamp::default()), Ok(None));
        assert_eq!(attempt_timeout(&options, Some(SECOND), &trail, Timestamp::default()), Ok(Some(SECOND)));
    }
}

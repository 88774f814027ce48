//! The only retry policy.

use std::time::Duration;

use journeyman_job::{ErrorKind, JobError, JobOptions, JobResult, Outcome};

use super::Trail;
use crate::clock::Timestamp;

/// What becomes of a reserved job.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    Complete,
    /// Another try, after `delay` on the store's clock. The attempt counts.
    Release {
        delay: Duration,
    },
    /// Later, after `delay`. The attempt is refunded.
    Snooze {
        delay: Duration,
    },
    /// The end, with the error that is kept.
    Fail {
        error: JobError,
    },
    Cancel,
    /// Back to the front of its queue, untouched: the attempt is refunded.
    Requeue,
}

/// Longest that a job waits before it asks for a thread of the blocking pool again.
const LONGEST_REQUEUE: Duration = Duration::from_secs(60);

/// Limits that are the server's, not the job's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Workers that may die under one job before it fails for good.
    pub max_crashes: u32,
    /// Overrides every job's own number of tries.
    pub max_tries: Option<u32>,
    /// Times in a row that a job may find the blocking pool full before it fails for good.
    pub max_requeues: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_crashes: 3, max_tries: None, max_requeues: 3 }
    }
}

/// The facts of an attempt that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Attempted<'a> {
    pub options: &'a JobOptions,
    pub trail: &'a Trail,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// When it ended, by the store's clock.
    pub now: Timestamp,
    pub policy: Policy,
}

impl Attempted<'_> {
    fn max_tries(&self) -> u32 {
        self.policy.max_tries.unwrap_or(self.options.max_tries)
    }

    fn has_tries_left(&self) -> bool {
        let max = self.max_tries();
        max == 0 || self.attempt < max
    }

    /// Whether a try after `delay` would begin past the total budget.
    fn would_exceed(&self, delay: Duration) -> bool {
        match (self.options.retry_for, self.trail.first_started_at) {
            (Some(budget), Some(first)) => self.now.plus(delay) > first.plus(budget),
            _ => false,
        }
    }
}

/// Decides what becomes of a job after an attempt. Pure: chance comes in as `roll`, 0 to 1.
///
/// `facts.trail.crashes` already includes this attempt if a worker died of it; `facts.trail.requeues` does not include it.
pub fn decide(facts: &Attempted<'_>, result: &JobResult, roll: f64) -> Settlement {
    match result {
        Ok(Outcome::Completed(_)) => Settlement::Complete,
        Ok(Outcome::Snoozed { delay }) if !facts.would_exceed(*delay) => Settlement::Snooze { delay: *delay },
        Ok(Outcome::Snoozed { delay }) => exceeded(facts, *delay, "the job asked to be snoozed"),
        Ok(Outcome::Released { delay }) => {
            let used_up = || JobError::of(ErrorKind::MaxTries, "released after its last try");
            again(facts, *delay, used_up, "the job asked to be released")
        }
        Err(error) if error.kind() == ErrorKind::PoolExhausted => requeued(facts, error),
        Err(error) if error.kind().is_final() => Settlement::Fail { error: error.clone() },
        Err(error) if error.kind() == ErrorKind::WorkerLost && facts.trail.crashes >= facts.policy.max_crashes => {
            let message = format!("{} workers died while they ran it; the last: {error}", facts.trail.crashes);
            Settlement::Fail { error: JobError::of(ErrorKind::Crashed, message) }
        }
        Err(error) => {
            if error.kind() == ErrorKind::WorkerLost {
                return lost(facts, error, after_crash(facts.trail.crashes, roll));
            }
            let delay = facts.options.backoff.delay_after(facts.attempt, roll);
            again(facts, delay, || error.clone(), error.message())
        }
    }
}

/// The blocking pool had no thread, so the job has not begun: later, and the attempt does not count.
fn requeued(facts: &Attempted<'_>, error: &JobError) -> Settlement {
    let earlier = facts.trail.requeues;
    if earlier >= facts.policy.max_requeues {
        let message =
            format!("the blocking pool was full {} times in a row; the last: {error}", earlier.saturating_add(1));
        return Settlement::Fail { error: JobError::of(ErrorKind::PoolExhausted, message) };
    }
    let delay = Duration::from_secs(1 << earlier.min(6)).min(LONGEST_REQUEUE);
    if facts.would_exceed(delay) {
        return exceeded(facts, delay, error.message());
    }
    Settlement::Snooze { delay }
}

/// The worker died. That costs a try while there is another one; the last is given back, because the death may be that of
/// a neighbour. How many deaths are too many is a limit of its own.
fn lost(facts: &Attempted<'_>, error: &JobError, delay: Duration) -> Settlement {
    if facts.would_exceed(delay) {
        return exceeded(facts, delay, error.message());
    }
    if facts.has_tries_left() { Settlement::Release { delay } } else { Settlement::Snooze { delay } }
}

/// A worker's death is rarely the job's fault, so the first one costs no wait; a job that keeps killing workers must not
/// take the whole fleet down in a row. Those that died together do not come back together.
fn after_crash(crashes: u32, roll: f64) -> Duration {
    match crashes {
        0 | 1 => Duration::ZERO,
        more => Duration::from_secs(1 << (more - 1).min(6)).mul_f64(0.5 + roll.clamp(0.0, 1.0)),
    }
}

fn again(facts: &Attempted<'_>, delay: Duration, used_up: impl FnOnce() -> JobError, cause: &str) -> Settlement {
    if !facts.has_tries_left() {
        return Settlement::Fail { error: used_up() };
    }
    if facts.would_exceed(delay) {
        return exceeded(facts, delay, cause);
    }
    Settlement::Release { delay }
}

fn exceeded(facts: &Attempted<'_>, delay: Duration, cause: &str) -> Settlement {
    let budget = facts.options.retry_for.unwrap_or_default().as_secs_f64();
    let wait = delay.as_secs_f64();
    let message = format!("a try in {wait} s would start after the total of {budget} s; the last outcome: {cause}");
    Settlement::Fail { error: JobError::of(ErrorKind::WouldExceedDeadline, message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use journeyman_job::{Backoff, RawJson};

    const SECOND: Duration = Duration::from_secs(1);
    const START: Timestamp = Timestamp::from_micros(1_000_000_000);

    /// A row of the table: tries allowed, attempt, budget, seconds since the first start, crashes, requeues.
    struct Case {
        max_tries: u32,
        attempt: u32,
        retry_for: Option<u64>,
        elapsed: u64,
        crashes: u32,
        requeues: u32,
    }

    const PLAIN: Case = Case { max_tries: 3, attempt: 1, retry_for: None, elapsed: 0, crashes: 0, requeues: 0 };

    impl Case {
        fn decide(&self, result: &JobResult) -> Settlement {
            let options = JobOptions {
                max_tries: self.max_tries,
                retry_for: self.retry_for.map(Duration::from_secs),
                backoff: Backoff::fixed(10 * SECOND),
                ..JobOptions::default()
            };
            let (crashes, requeues) = (self.crashes, self.requeues);
            let trail = Trail { first_started_at: Some(START), crashes, requeues, ..Trail::default() };
            let now = START.plus(Duration::from_secs(self.elapsed));
            let (attempt, policy) = (self.attempt, Policy::default());
            decide(&Attempted { options: &options, trail: &trail, attempt, now, policy }, result, 0.5)
        }

        fn fails_as(&self, result: &JobResult) -> ErrorKind {
            match self.decide(result) {
                Settlement::Fail { error } => error.kind(),
                other => panic!("{other:?}"),
            }
        }
    }

    fn failure(kind: ErrorKind) -> JobResult {
        Err(JobError::of(kind, "boom"))
    }

    const AGAIN: Settlement = Settlement::Release { delay: Duration::from_secs(10) };
    const RETRYABLE: [ErrorKind; 3] = [ErrorKind::Error, ErrorKind::Panic, ErrorKind::Timeout];
    /// Pool exhaustion ends a job as well, but has a limit of its own: see the tests for R8.
    const FINAL: [ErrorKind; 5] = [
        ErrorKind::Fatal,
        ErrorKind::Crashed,
        ErrorKind::MaxTries,
        ErrorKind::WouldExceedDeadline,
        ErrorKind::Undecodable,
    ];

    #[test]
    fn a_completed_attempt_completes_whatever_the_limits_say() {
        for result in [Ok(Outcome::done()), Ok(Outcome::Completed(Some(RawJson::parse("1".into()).unwrap())))] {
            let spent = Case { attempt: 9, retry_for: Some(1), elapsed: 99, crashes: 9, ..PLAIN };
            assert_eq!(spent.decide(&result), Settlement::Complete);
        }
    }

    #[test]
    fn r14_every_retryable_kind_retries_until_the_last_try() {
        for kind in RETRYABLE {
            for (max_tries, attempt, retries) in [
                (3, 1, true),
                (3, 2, true),
                (3, 3, false),
                (3, 4, false),
                (1, 1, false),
                (0, 1, true),
                (0, 9_999, true),
            ] {
                let case = Case { max_tries, attempt, ..PLAIN };
                let settled = case.decide(&failure(kind));
                assert_eq!(settled == AGAIN, retries, "{kind} {attempt}/{max_tries}: {settled:?}");
                if !retries {
                    assert_eq!(case.fails_as(&failure(kind)), kind);
                }
            }
        }
    }

    #[test]
    fn a_final_kind_fails_at_the_first_try() {
        for kind in FINAL {
            assert_eq!(PLAIN.fails_as(&failure(kind)), kind);
            assert_eq!(Case { max_tries: 0, ..PLAIN }.fails_as(&failure(kind)), kind);
        }
    }

    #[test]
    fn r15_a_retry_past_the_budget_is_not_scheduled() {
        for (elapsed, retries) in [(0, true), (90, true), (91, false), (200, false)] {
            let case = Case { retry_for: Some(100), elapsed, ..PLAIN };
            if retries {
                assert_eq!(case.decide(&failure(ErrorKind::Error)), AGAIN, "{elapsed}");
            } else {
                assert_eq!(case.fails_as(&failure(ErrorKind::Error)), ErrorKind::WouldExceedDeadline, "{elapsed}");
            }
        }
    }

    #[test]
    fn r15_used_up_tries_come_before_the_budget() {
        let case = Case { attempt: 3, retry_for: Some(1), elapsed: 50, ..PLAIN };
        assert_eq!(case.fails_as(&failure(ErrorKind::Timeout)), ErrorKind::Timeout);
    }

    #[test]
    fn a_release_counts_and_fails_after_the_last_try() {
        let release = Ok(Outcome::release(7 * SECOND));
        assert_eq!(PLAIN.decide(&release), Settlement::Release { delay: 7 * SECOND });
        assert_eq!(Case { attempt: 3, ..PLAIN }.fails_as(&release), ErrorKind::MaxTries);
        let late = Case { retry_for: Some(5), ..PLAIN };
        assert_eq!(late.fails_as(&release), ErrorKind::WouldExceedDeadline);
    }

    #[test]
    fn a_snooze_never_runs_out_of_tries_but_of_time() {
        let snooze = Ok(Outcome::snooze(7 * SECOND));
        assert_eq!(Case { attempt: 3, ..PLAIN }.decide(&snooze), Settlement::Snooze { delay: 7 * SECOND });
        let late = Case { retry_for: Some(5), ..PLAIN };
        assert_eq!(late.fails_as(&snooze), ErrorKind::WouldExceedDeadline);
    }

    #[test]
    fn p6_the_third_dead_worker_is_the_end_and_only_death_counts() {
        let lost = failure(ErrorKind::WorkerLost);
        for (crashes, ends) in [(1, false), (2, false), (3, true), (4, true)] {
            let case = Case { max_tries: 0, crashes, ..PLAIN };
            if ends {
                assert_eq!(case.fails_as(&lost), ErrorKind::Crashed);
            } else {
                assert!(matches!(case.decide(&lost), Settlement::Release { .. }));
            }
            assert_eq!(case.decide(&failure(ErrorKind::Error)), AGAIN);
        }
    }

    #[test]
    fn p3_the_first_death_costs_no_wait_and_further_ones_do() {
        let policy_free = |crashes| Case { max_tries: 0, crashes, ..PLAIN }.decide(&failure(ErrorKind::WorkerLost));
        assert_eq!(policy_free(1), Settlement::Release { delay: Duration::ZERO });
        assert_eq!(policy_free(2), Settlement::Release { delay: 2 * SECOND });
    }

    #[test]
    fn p6_a_death_gives_the_last_try_back_but_not_the_time() {
        let lost = failure(ErrorKind::WorkerLost);
        for (max_tries, attempt) in [(1, 1), (3, 3)] {
            let case = Case { max_tries, attempt, crashes: 1, ..PLAIN };
            assert_eq!(case.decide(&lost), Settlement::Snooze { delay: Duration::ZERO });
        }
        let late = Case { attempt: 3, crashes: 1, retry_for: Some(5), elapsed: 6, ..PLAIN };
        assert_eq!(late.fails_as(&lost), ErrorKind::WouldExceedDeadline);
    }

    #[test]
    fn p6_those_that_died_together_do_not_come_back_together() {
        let delay = |roll| after_crash(2, roll);
        assert_eq!((delay(0.0), delay(0.5), delay(1.0)), (SECOND, 2 * SECOND, 3 * SECOND));
    }

    #[test]
    fn r8_a_full_pool_puts_a_job_off_three_times_and_then_it_fails() {
        let full = failure(ErrorKind::PoolExhausted);
        for (requeues, wait) in [(0, 1), (1, 2), (2, 4)] {
            // It has not begun: that this would be its last try does not matter.
            for attempt in [1, 3] {
                let case = Case { requeues, attempt, ..PLAIN };
                assert_eq!(case.decide(&full), Settlement::Snooze { delay: wait * SECOND }, "{requeues}");
            }
        }
        for requeues in [3, 4] {
            assert_eq!(Case { requeues, max_tries: 0, ..PLAIN }.fails_as(&full), ErrorKind::PoolExhausted);
        }
    }

    #[test]
    fn r8_the_wait_for_the_pool_is_bounded() {
        let policy = Policy { max_requeues: u32::MAX, ..Policy::default() };
        let options = JobOptions::default();
        let delay = |requeues| {
            let trail = Trail { requeues, ..Trail::default() };
            let facts = Attempted { options: &options, trail: &trail, attempt: 1, now: START, policy };
            decide(&facts, &failure(ErrorKind::PoolExhausted), 0.5)
        };
        assert_eq!(delay(5), Settlement::Snooze { delay: 32 * SECOND });
        for requeues in [6, 7, 100, u32::MAX - 1] {
            assert_eq!(delay(requeues), Settlement::Snooze { delay: 60 * SECOND }, "{requeues}");
        }
    }

    #[test]
    fn r8_a_requeue_past_the_budget_fails_at_once() {
        let full = failure(ErrorKind::PoolExhausted);
        let late = Case { retry_for: Some(10), elapsed: 7, requeues: 2, ..PLAIN };
        assert_eq!(late.fails_as(&full), ErrorKind::WouldExceedDeadline);
        let in_time = Case { elapsed: 6, ..late };
        assert_eq!(in_time.decide(&full), Settlement::Snooze { delay: 4 * SECOND });
    }

    #[test]
    fn a_server_wide_number_of_tries_overrides_the_jobs() {
        let options = JobOptions { max_tries: 10, ..JobOptions::default() };
        let trail = Trail::default();
        let policy = Policy { max_tries: Some(1), ..Policy::default() };
        let facts = Attempted { options: &options, trail: &trail, attempt: 1, now: START, policy };
        assert!(matches!(decide(&facts, &failure(ErrorKind::Error), 0.5), Settlement::Fail { .. }));
    }

    #[test]
    fn the_roll_moves_the_wait_by_a_tenth() {
        let options = JobOptions { backoff: Backoff::exponential(), ..JobOptions::default() };
        let trail = Trail::default();
        let facts = Attempted { options: &options, trail: &trail, attempt: 1, now: START, policy: Policy::default() };
        let delay = |roll| match decide(&facts, &failure(ErrorKind::Error), roll) {
            Settlement::Release { delay } => delay.as_millis(),
            other => panic!("{other:?}"),
        };
        assert_eq!((delay(0.0), delay(0.5), delay(1.0)), (900, 1000, 1100));
    }
}

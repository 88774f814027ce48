//! Runs one reserved job from its stored bytes to its settlement.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::future::OptionFuture;
use journeyman_job::{ContextParts, ErrorKind, JobContext, JobError, JobOptions, JobResult};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tower::ServiceExt;
use tracing::{debug, warn};

use super::attempt::{Attempt, AttemptService, Phase};
use super::conclusion::{self, Ended};
use super::held::Held;
use super::opening::{Obstacle, Ready, opened, ready};
use super::options::{Happened, JobEvent, Surroundings, WorkerOptions};
use super::panics::caught;
use super::revoked::Revoked;
use super::settler::Concluded;
use crate::clock::Stopwatch;
use crate::queue::{Counted, ReservedJob, Settlement, Trail};

/// How long a job waits that only another binary or another configuration can run, before some worker looks at it again.
const ELSEWHERE_WAIT: Duration = Duration::from_secs(10);

/// What every attempt of a worker shares.
#[derive(Debug)]
pub(super) struct Executor {
    pub(super) options: WorkerOptions,
    pub(super) surroundings: Surroundings,
    pub(super) service: AttemptService,
    pub(super) held: Arc<Held>,
    pub(super) settler: mpsc::Sender<Concluded>,
}

/// A reserved job on its way through this worker.
pub(super) struct InHand {
    pub(super) job: ReservedJob,
    pub(super) revoked: Revoked,
    /// Since the store handed it out.
    pub(super) stopwatch: Stopwatch,
}

/// How the job's own code came to its end.
pub(super) enum Ran {
    ToItsEnd(JobResult),
    /// The worker stops and gives the job back.
    CutOff,
    /// The job is another worker's by now.
    Lost,
}

impl Executor {
    /// Runs `reserved` and hands its settlement to the settler. Returns when the worker's slot is free again.
    pub(super) async fn run(&self, reserved: ReservedJob, revoked: Revoked) {
        let hand = InHand { job: reserved, revoked, stopwatch: Stopwatch::start() };
        let Err(panic) = caught(self.pass(&hand)).await else { return };
        // Some of the job's own code runs beside its layers, the drop of its fields for one.
        warn!(job.id = %hand.job.reservation.job, error = %panic, "the job panicked outside of its attempt");
        if !hand.revoked.is_over() {
            let ended = Ended::new(&hand.job, hand.stopwatch.elapsed());
            Box::pin(self.judge_from_afar(&hand, ended, panic)).await;
        }
    }

    /// What few jobs need is boxed: the future of every job would be as large as that of all its ways together.
    async fn pass(&self, hand: &InHand) {
        if !self.may_run(hand).await {
            return;
        }
        let trail = Trail::decode(&hand.job.trail);
        if let Some(error) = trail.doomed {
            return Box::pin(self.tell_again(hand, error, trail.failed_hook_error)).await;
        }
        match ready(&hand.job) {
            Ok(ready) => self.attempt(hand, &ready, trail).await,
            Err(obstacle) => Box::pin(self.set_aside(hand, obstacle)).await,
        }
    }

    async fn attempt(&self, hand: &InHand, ready: &Ready, trail: Trail) {
        let InHand { job: reserved, stopwatch, .. } = hand;
        let limit = conclusion::attempt_timeout(&ready.options, self.options.timeout, &trail, reserved.reserved_at);
        let ran = match limit {
            Ok(limit) => {
                self.observe(|| event(reserved, &ready.job_type, Happened::Started));
                self.call(hand, ready, Phase::Handle, limit).await
            }
            Err(too_late) => Ran::ToItsEnd(Err(too_late)),
        };
        let ended = Ended::of(reserved, trail, stopwatch.elapsed());
        match ran {
            Ran::ToItsEnd(result) => self.judge(hand, ready, ended, result).await,
            Ran::CutOff => {
                let (settlement, ended) = ended.given_back();
                self.hand_over(hand, &ready.job_type, ended, settlement, None).await;
            }
            Ran::Lost => {
                warn!(job.id = %reserved.reservation.job, "job cancelled: its lease passed to another worker");
                self.held.release(std::iter::once(&reserved.reservation));
            }
        }
    }

    async fn judge(&self, hand: &InHand, ready: &Ready, ended: Ended, result: JobResult) {
        let counted = conclusion::counted(&result);
        match ended.judged(&ready.options, self.options.policy, result) {
            (Settlement::Fail { error }, ended) => {
                Box::pin(self.fail(hand, &ready.job_type, ended, error, counted)).await;
            }
            (settlement, ended) => self.hand_over(hand, &ready.job_type, ended, settlement, counted).await,
        }
    }

    /// Runs the job's own code until it ends or its result counts no more.
    pub(super) async fn call(&self, hand: &InHand, ready: &Ready, phase: Phase, timeout: Option<Duration>) -> Ran {
        let InHand { job: ReservedJob { reservation, .. }, revoked, stopwatch } = hand;
        let max_tries = self.options.policy.max_tries.unwrap_or(ready.options.max_tries);
        let context = JobContext::new(ContextParts {
            id: reservation.job,
            queue: reservation.queue.clone(),
            attempt: reservation.token.attempt,
            max_tries,
            deadline: timeout.and_then(|limit| stopwatch.after(stopwatch.elapsed() + limit)),
            cancellation: revoked.child_token(),
            state: Arc::clone(&self.surroundings.state),
            dispatcher: Arc::clone(&self.surroundings.dispatcher),
        });
        let attempt = Attempt {
            job: Arc::clone(&ready.job),
            job_type: Arc::clone(&ready.job_type),
            context,
            phase,
            lane: ready.options.lane,
            timeout,
        };
        let running = self.service.clone().oneshot(attempt);
        caught(unless_revoked(revoked, running)).await.unwrap_or_else(|panic| match revoked {
            // It resented being cut off.
            revoked if revoked.has_fired() => cut_off(revoked),
            _ => Ran::ToItsEnd(Err(panic)),
        })
    }

    /// A job that cannot run here: parked if another worker may know it, failed if nobody can read it.
    pub(super) async fn set_aside(&self, hand: &InHand, obstacle: Obstacle) {
        let InHand { job: reserved, stopwatch, .. } = hand;
        let ended = Ended::new(reserved, stopwatch.elapsed());
        match obstacle {
            Obstacle::Elsewhere { job_type, reason } => {
                warn!(
                    job.id = %reserved.reservation.job, job.r#type = %job_type, reason,
                    "put back without using an attempt, for a worker that can run it"
                );
                let settlement = Settlement::Snooze { delay: ELSEWHERE_WAIT };
                self.hand_over(hand, &job_type, ended, settlement, None).await;
            }
            Obstacle::Undecodable { job_type, error } => {
                let (settlement, ended) = ended.judged(&JobOptions::default(), self.options.policy, Err(error));
                self.hand_over(hand, &job_type, ended, settlement, None).await;
            }
        }
    }

    /// A job whose worker has died, taken over by the reaper: its attempt has failed without a result.
    pub(super) async fn bury_or_retry(&self, reserved: ReservedJob, revoked: Revoked) {
        let hand = InHand { job: reserved, revoked, stopwatch: Stopwatch::start() };
        let lost = JobError::of(ErrorKind::WorkerLost, "the worker that ran it died or fell silent");
        self.judge_from_afar(&hand, Ended::cut_short(&hand.job), lost).await;
    }

    /// Judges without running any of the job's own code, not even to decode it.
    async fn judge_from_afar(&self, hand: &InHand, ended: Ended, error: JobError) {
        let (options, job_type) = match opened(&hand.job) {
            Ok(body) => (Some(body.options), body.type_name.into_owned()),
            Err(obstacle) => (None, obstacle.job_type().to_owned()),
        };
        let (settlement, ended) = ended.judged_from_afar(options.as_ref(), self.options.policy, error);
        self.hand_over(hand, &job_type, ended, settlement, None).await;
    }

    /// Hands the settlement over at once where the settler has room, which it mostly has; else the future waits for it.
    pub(super) fn hand_over(
        &self,
        hand: &InHand,
        job_type: &str,
        ended: Ended,
        settlement: Settlement,
        counted: Option<Counted>,
    ) -> impl Future<Output = ()> {
        let happened = happened(&settlement, &ended);
        let event = self.surroundings.observer.is_some().then(|| event(&hand.job, job_type, happened));
        let settle = ended.settle(&hand.job.body, settlement, counted, &self.surroundings.routing);
        hand.revoked.over();
        let waiting = match self.settler.try_send(Concluded { settle, event }) {
            Ok(()) => None,
            Err(TrySendError::Full(concluded) | TrySendError::Closed(concluded)) => {
                let settler = self.settler.clone();
                Some(Box::pin(async move { settler.send(concluded).await }))
            }
        };
        async move {
            if let Some(Err(SendError(concluded))) = OptionFuture::from(waiting).await {
                // Only past the end of a stop: the lease will end and another worker take the job.
                let job = concluded.settle.reservation.job;
                debug!(job.id = %job, "settlement dropped: the worker has stopped");
            }
        }
    }

    fn observe(&self, event: impl FnOnce() -> JobEvent) {
        if let Some(observer) = &self.surroundings.observer {
            observer(&event());
        }
    }
}

/// Runs until the end or until the result counts no more. Code on a thread of its own cannot be dropped, only told.
async fn unless_revoked(revoked: &Revoked, running: impl Future<Output = JobResult>) -> Ran {
    let mut running = pin!(running);
    let mut fired = pin!(revoked.fired());
    poll_fn(|cx| {
        // First: a job that is cut off is not to look like one that failed, whatever it makes of its being told to stop.
        if revoked.has_fired() {
            return Poll::Ready(cut_off(revoked));
        }
        match running.as_mut().poll(cx) {
            // Told to stop while it ran, it may say so by an error; what it brought to its end counts.
            Poll::Ready(Err(_)) if revoked.has_fired() => Poll::Ready(cut_off(revoked)),
            Poll::Ready(result) => Poll::Ready(Ran::ToItsEnd(result)),
            // Listened to only by code that waits for something; much does not.
            Poll::Pending => fired.as_mut().poll(cx).map(|()| cut_off(revoked)),
        }
    })
    .await
}

fn cut_off(revoked: &Revoked) -> Ran {
    if revoked.is_lost() { Ran::Lost } else { Ran::CutOff }
}

fn happened(settlement: &Settlement, ended: &Ended) -> Happened {
    let duration = ended.duration;
    match settlement {
        Settlement::Complete => Happened::Completed { duration },
        Settlement::Fail { error } => Happened::Failed { duration, error: error.to_string() },
        Settlement::Release { delay } => {
            let error = ended.trail.error.as_ref().map_or_else(|| "released".to_owned(), ToString::to_string);
            Happened::Retrying { duration, delay: *delay, error }
        }
        Settlement::Snooze { .. } | Settlement::Requeue | Settlement::Cancel => Happened::PutOff { duration },
    }
}

fn event(reserved: &ReservedJob, job_type: &str, what: Happened) -> JobEvent {
    JobEvent {
        id: reserved.reservation.job,
        queue: reserved.reservation.queue.clone(),
        job_type: job_type.to_owned(),
        attempt: reserved.reservation.token.attempt,
        what,
    }
}

//! Runs one reserved job from its stored bytes to its settlement.

use std::sync::Arc;
use std::time::Duration;

use journeyman_job::{ContextParts, ErrorKind, Job, JobContext, JobError, JobOptions, JobResult};
use tokio::sync::mpsc;
use tower::{Service, ServiceExt};
use tracing::{debug, warn};

use super::attempt::{Attempt, AttemptService, Phase};
use super::conclusion::{self, Ended};
use super::held::{Held, Revoked};
use super::options::{Happened, JobEvent, Surroundings, WorkerOptions};
use super::settler::Concluded;
use crate::clock::Stopwatch;
use crate::queue::{Body, Counted, ReservedJob, Settlement, Undecodable, decode};

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
struct InHand {
    job: ReservedJob,
    revoked: Revoked,
    /// Since the store handed it out.
    stopwatch: Stopwatch,
}

/// A job that can run.
struct Ready {
    job: Arc<dyn Job>,
    job_type: Arc<str>,
    options: JobOptions,
}

/// Why a stored job cannot run here.
enum Obstacle {
    /// This process lacks its type or a key to it; another worker may have it.
    Elsewhere {
        job_type: String,
        reason: String,
    },
    Undecodable {
        job_type: String,
        error: JobError,
    },
}

impl Executor {
    /// Runs `reserved` and hands its settlement to the settler. Returns when the worker's slot is free again.
    pub(super) async fn run(&self, reserved: ReservedJob, revoked: Revoked) {
        let hand = InHand { job: reserved, revoked, stopwatch: Stopwatch::start() };
        match ready(&hand.job) {
            Ok(ready) => self.attempt(&hand, &ready).await,
            Err(obstacle) => self.set_aside(&hand, obstacle).await,
        }
    }

    async fn attempt(&self, hand: &InHand, ready: &Ready) {
        let InHand { job: reserved, revoked, stopwatch } = hand;
        self.observe(|| event(reserved, &ready.job_type, Happened::Started));
        let trail = crate::queue::Trail::decode(&reserved.trail);
        let limit = conclusion::attempt_timeout(&ready.options, self.options.timeout, &trail, reserved.reserved_at);
        let running = self.call(hand, ready, Phase::Handle, limit);
        let result = tokio::select! {
            biased;
            () = revoked.lost.cancelled() => {
                warn!(job.id = %reserved.reservation.job, "job cancelled: its lease passed to another worker");
                // Code on a thread of its own cannot be dropped, only told.
                revoked.give_back.cancel();
                self.held.release(std::iter::once(&reserved.reservation));
                return;
            }
            () = revoked.give_back.cancelled() => None,
            result = running => Some(result),
        };
        let ended = Ended::new(reserved, stopwatch.elapsed());
        match result {
            Some(result) => self.judge(hand, ready, ended, result).await,
            None => {
                let (settlement, ended) = ended.given_back();
                let happened = Happened::PutOff { duration: ended.duration };
                self.hand_over(hand, &ready.job_type, ended, settlement, None, happened).await;
            }
        }
    }

    /// A job whose worker has died, taken over by the reaper: its attempt has failed without a result.
    pub(super) async fn bury_or_retry(&self, reserved: ReservedJob, revoked: Revoked) {
        let hand = &InHand { job: reserved, revoked, stopwatch: Stopwatch::start() };
        let ended = Ended::cut_short(&hand.job);
        let lost = JobError::of(ErrorKind::WorkerLost, "the worker that ran it died or fell silent");
        match ready(&hand.job) {
            Ok(ready) => self.judge(hand, &ready, ended, Err(lost)).await,
            Err(Obstacle::Elsewhere { job_type, .. }) => {
                // The policy needs no more than the options, and those can be read without decoding the job.
                let options = Body::read(&hand.job.body).map(|body| body.options).unwrap_or_default();
                let (settlement, ended) = ended.judged(&options, self.options.policy, Err(lost));
                let happened = happened(&settlement, &ended);
                self.hand_over(hand, &job_type, ended, settlement, None, happened).await;
            }
            Err(obstacle) => self.set_aside(hand, obstacle).await,
        }
    }

    async fn judge(&self, hand: &InHand, ready: &Ready, ended: Ended, result: JobResult) {
        let counted = conclusion::counted(&result);
        let (settlement, mut ended) = ended.judged(&ready.options, self.options.policy, result);
        if let Settlement::Fail { error } = &settlement {
            ended.trail.failed_hook_error = self.tell_failed(hand, error).await;
        }
        let happened = happened(&settlement, &ended);
        self.hand_over(hand, &ready.job_type, ended, settlement, counted, happened).await;
    }

    /// Calls `failed` on a fresh instance. It runs while the job is still held: a worker that dies meanwhile leaves the
    /// job to be failed again by another, instead of failed without `failed` ever having run.
    async fn tell_failed(&self, hand: &InHand, error: &JobError) -> Option<JobError> {
        let fresh = ready(&hand.job).ok()?;
        let limit = self.options.timeout.unwrap_or(fresh.options.timeout);
        let limit = (!limit.is_zero()).then_some(limit);
        let telling = self.call(hand, &fresh, Phase::Failed(error.clone()), limit);
        // Once the job is another's, so is this call.
        let hook_error = hand.revoked.lost.run_until_cancelled(telling).await?.err()?;
        warn!(job.id = %hand.job.reservation.job, error = %hook_error, "the job's `failed` did not end well");
        Some(hook_error)
    }

    async fn call(&self, hand: &InHand, ready: &Ready, phase: Phase, timeout: Option<Duration>) -> JobResult {
        let InHand { job: ReservedJob { reservation, .. }, revoked, stopwatch } = hand;
        let max_tries = self.options.policy.max_tries.unwrap_or(ready.options.max_tries);
        let context = JobContext::new(ContextParts {
            id: reservation.job,
            queue: reservation.queue.clone(),
            attempt: reservation.token.attempt,
            max_tries,
            deadline: timeout.and_then(|limit| stopwatch.after(stopwatch.elapsed() + limit)),
            cancellation: revoked.give_back.child_token(),
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
        let mut service = self.service.clone();
        service.ready().await?.call(attempt).await
    }

    /// A job that cannot run here: parked if another worker may know it, failed if nobody can read it.
    async fn set_aside(&self, hand: &InHand, obstacle: Obstacle) {
        let InHand { job: reserved, stopwatch, .. } = hand;
        let mut ended = Ended::new(reserved, stopwatch.elapsed());
        match obstacle {
            Obstacle::Elsewhere { job_type, reason } => {
                warn!(
                    job.id = %reserved.reservation.job, job.r#type = %job_type, reason,
                    "put back without using an attempt, for a worker that can run it"
                );
                let settlement = Settlement::Snooze { delay: ELSEWHERE_WAIT };
                let happened = Happened::PutOff { duration: ended.duration };
                self.hand_over(hand, &job_type, ended, settlement, None, happened).await;
            }
            Obstacle::Undecodable { job_type, error } => {
                ended.trail.crashes = 0;
                let (settlement, ended) = ended.judged(&JobOptions::default(), self.options.policy, Err(error));
                let happened = happened(&settlement, &ended);
                self.hand_over(hand, &job_type, ended, settlement, None, happened).await;
            }
        }
    }

    async fn hand_over(
        &self,
        hand: &InHand,
        job_type: &str,
        ended: Ended,
        settlement: Settlement,
        counted: Option<Counted>,
        happened: Happened,
    ) {
        hand.revoked.over();
        let event = self.surroundings.observer.is_some().then(|| event(&hand.job, job_type, happened));
        let concluded = Concluded { settle: ended.settle(&hand.job.body, settlement, counted), event };
        if self.settler.send(concluded).await.is_err() {
            // Only past the end of a stop: the lease will end and another worker take the job.
            debug!(job.id = %hand.job.reservation.job, "settlement dropped: the worker has stopped");
        }
    }

    fn observe(&self, event: impl FnOnce() -> JobEvent) {
        if let Some(observer) = &self.surroundings.observer {
            observer(&event());
        }
    }
}

fn ready(reserved: &ReservedJob) -> Result<Ready, Obstacle> {
    let undecodable = |job_type: &str, message: String| Obstacle::Undecodable {
        job_type: job_type.to_owned(),
        error: JobError::of(ErrorKind::Undecodable, message),
    };
    let body = Body::read(&reserved.body)
        .map_err(|reason| undecodable("?", format!("the stored job cannot be read: {reason}")))?;
    let decoded = decode(&body.type_name, &reserved.body).map_err(|error| match error {
        Undecodable::UnknownType { .. } | Undecodable::Payload { is_missing_key: true, .. } => {
            Obstacle::Elsewhere { reason: error.to_string(), job_type: body.type_name.clone().into_owned() }
        }
        Undecodable::Payload { .. } => undecodable(&body.type_name, error.to_string()),
    });
    Ok(Ready { job: Arc::from(decoded?), job_type: Arc::from(body.type_name.as_ref()), options: body.options })
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

//! Gathers concurrent pushes into few store calls.
//!
//! A push that finds the store idle goes at once. Pushes that arrive while a call is under way wait for its end and then go
//! together: a group commit without any added delay.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use journeyman_job::{QueueName, When};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::{NewJob, PushOutcome, Store, StoreError, Unit, limits};
use crate::clock::Stopwatch;

/// Store calls under way at once. Two keep the store busy while answers travel.
const CALLS: usize = 2;
/// Jobs that are worth a second call beside the first. Fewer wait for its end: two calls of half the size cost both sides
/// more than one.
const WORTH_A_CALL: usize = 32;
/// A call that takes longer than this holds up nobody who arrives meanwhile.
const SLOW: Duration = Duration::from_millis(5);
/// A call that failed later than this is not made again queue by queue: its callers have waited long enough, and what it
/// stored may have run since.
const IN_TIME: Duration = Duration::from_secs(2);
/// Pushes that may wait; more wait to be let in.
const WAITING: usize = 4096;

struct Waiting {
    jobs: Vec<NewJob>,
    unit: Unit,
    answer: oneshot::Sender<Result<Vec<PushOutcome>, StoreError>>,
}

/// The gathering end; cheap to clone. The task behind it ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Pusher(mpsc::Sender<Waiting>);

impl Pusher {
    pub(super) fn start(store: Arc<dyn Store>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(gather(store, receiver));
        Self(sender)
    }

    /// Stores `jobs` together as far as `unit` says; outcomes in order.
    pub(super) async fn push(&self, jobs: Vec<NewJob>, unit: Unit) -> Result<Vec<PushOutcome>, StoreError> {
        let gone = || StoreError::Unavailable("the process is shutting down".into());
        let (answer, answered) = oneshot::channel();
        self.0.send(Waiting { unit: needed(&jobs, unit), jobs, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| StoreError::Unknown("the process is shutting down".into()))?
    }
}

/// Jobs that go to one queue under fresh ids cannot conflict and are stored together anyway: they can share a call with
/// those of other callers.
fn needed(jobs: &[NewJob], unit: Unit) -> Unit {
    let is_one_queue = jobs.iter().all(|job| job.envelope.queue == jobs[0].envelope.queue);
    let is_fresh = jobs.iter().all(|job| !job.is_named);
    if unit == Unit::Whole && is_one_queue && is_fresh { Unit::Queue } else { unit }
}

async fn gather(store: Arc<dyn Store>, mut receiver: mpsc::Receiver<Waiting>) {
    // Not tasks of their own: the more tasks a push passes through, the more threads are woken for it.
    let mut calls = FuturesUnordered::new();
    // When each call under way began, the oldest first.
    let mut begun: Vec<Instant> = Vec::new();
    let mut waiting = Vec::new();
    let mut is_open = true;
    while is_open || !waiting.is_empty() || !calls.is_empty() {
        let slow_at = begun.first().map_or_else(Instant::now, |begun| *begun + SLOW);
        let is_slow = Instant::now() >= slow_at;
        let is_time = calls.is_empty() || calls.len() < CALLS && (is_slow || is_worth_a_call(&waiting));
        if is_time && !waiting.is_empty() {
            let call = push_together(store.as_ref(), std::mem::take(&mut waiting));
            let began = Instant::now();
            begun.push(began);
            // A call that panicked has dropped its callers' ends, which tells them.
            calls.push(AssertUnwindSafe(call).catch_unwind().map(move |_| began));
            continue;
        }
        let room = limits::PER_CALL.saturating_sub(waiting.len());
        tokio::select! {
            biased;
            Some(began) = calls.next() => {
                if let Some(place) = begun.iter().position(|begun| *begun == began) {
                    begun.remove(place);
                }
            }
            received = receiver.recv_many(&mut waiting, room), if is_open && room > 0 => {
                is_open = received > 0;
            }
            () = sleep_until(slow_at), if calls.len() == 1 && !is_slow && !waiting.is_empty() => {}
        }
    }
}

fn is_worth_a_call(waiting: &[Waiting]) -> bool {
    waiting.len() >= WORTH_A_CALL || waiting.iter().map(|waiting| waiting.jobs.len()).sum::<usize>() >= WORTH_A_CALL
}

/// Calls the store for whole callers at a time, so that nobody's bulk is torn in two.
async fn push_together(store: &dyn Store, batch: Vec<Waiting>) {
    let mut together = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for waiting in batch {
        if waiting.unit == Unit::Whole {
            push_and_answer(store, vec![waiting], Unit::Whole).await;
            continue;
        }
        let weight: usize = waiting.jobs.iter().map(|job| job.envelope.body.len()).sum();
        let is_full = count + waiting.jobs.len() > limits::BULK || bytes + weight > limits::CALL_BYTES;
        if is_full && count > 0 {
            push_and_answer(store, std::mem::take(&mut together), Unit::Queue).await;
            (count, bytes) = (0, 0);
        }
        count += waiting.jobs.len();
        bytes += weight;
        together.push(waiting);
    }
    if !together.is_empty() {
        push_and_answer(store, together, Unit::Queue).await;
    }
}

/// Pushes for callers together, and if that fails, for those of each queue by themselves: one queue that takes no jobs must
/// not tell the callers of others that theirs may be lost.
async fn push_and_answer(store: &dyn Store, callers: Vec<Waiting>, unit: Unit) {
    let clock = Stopwatch::start();
    let Err((error, callers)) = push_once(store, callers, unit, false).await else { return };
    let is_late = clock.elapsed() > IN_TIME;
    let mut of_queue: BTreeMap<Option<QueueName>, Vec<Waiting>> = BTreeMap::new();
    for caller in callers {
        of_queue.entry(caller.jobs.first().map(|job| job.envelope.queue.clone())).or_default().push(caller);
    }
    let is_told = is_late || of_queue.len() == 1;
    let answered = of_queue.into_values().map(async |callers| {
        let failed = if is_told { Err((error.clone(), callers)) } else { push_once(store, callers, unit, true).await };
        let Err((error, callers)) = failed else { return };
        for caller in callers {
            // A caller that has gone away does not want to know.
            let _ = caller.answer.send(Err(error.clone()));
        }
    });
    join_all(answered).await;
}

/// One store call, and the answers if it succeeds; else the error and the callers.
async fn push_once(
    store: &dyn Store,
    mut callers: Vec<Waiting>,
    unit: Unit,
    is_again: bool,
) -> Result<(), (StoreError, Vec<Waiting>)> {
    let counts: Vec<usize> = callers.iter().map(|caller| caller.jobs.len()).collect();
    let mut jobs: Vec<NewJob> = callers.iter_mut().flat_map(|caller| std::mem::take(&mut caller.jobs)).collect();
    let mut outcomes = match store.push(&jobs, unit).await {
        Ok(outcomes) => jobs.iter().zip(outcomes).map(|(job, outcome)| told(job, outcome, is_again)),
        Err(error) => {
            let mut jobs = jobs.drain(..);
            for (caller, count) in callers.iter_mut().zip(counts) {
                caller.jobs = jobs.by_ref().take(count).collect();
            }
            return Err((error, callers));
        }
    };
    for (caller, count) in callers.into_iter().zip(counts) {
        let _ = caller.answer.send(Ok(outcomes.by_ref().take(count).collect()));
    }
    Ok(())
}

/// A fresh id that is there when it is pushed again was stored by the first call.
fn told(job: &NewJob, outcome: PushOutcome, is_again: bool) -> PushOutcome {
    match outcome {
        PushOutcome::Repeated if is_again && !job.is_named => {
            PushOutcome::Stored { delayed: !matches!(job.when, When::Now) }
        }
        outcome => outcome,
    }
}

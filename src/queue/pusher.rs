//! Gathers concurrent pushes into few store calls.
//!
//! A push that finds the store idle goes at once. Pushes that arrive while calls are under way wait for one of them and
//! then go together: a group commit without any added delay.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{NewJob, PushOutcome, Store, StoreError, Unit, limits};

/// Store calls under way at once. Two keep the store busy while answers travel.
const CALLS: usize = 2;
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
    let slots = Arc::new(Semaphore::new(CALLS));
    let mut batch = Vec::new();
    loop {
        // First a slot, then the jobs: whatever arrives while every slot is taken goes with the next call.
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        if receiver.recv_many(&mut batch, limits::PER_CALL).await == 0 {
            return;
        }
        let batch = std::mem::take(&mut batch);
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            push_together(store.as_ref(), batch).await;
            drop(slot);
        });
    }
}

/// Calls the store for whole callers at a time, so that nobody's bulk is torn in two.
async fn push_together(store: &dyn Store, batch: Vec<Waiting>) {
    let mut together = Vec::new();
    let mut count = 0;
    for waiting in batch {
        if waiting.unit == Unit::Whole {
            push_once(store, vec![waiting], Unit::Whole).await;
            continue;
        }
        if count + waiting.jobs.len() > limits::BULK && count > 0 {
            push_once(store, std::mem::take(&mut together), Unit::Queue).await;
            count = 0;
        }
        count += waiting.jobs.len();
        together.push(waiting);
    }
    if !together.is_empty() {
        push_once(store, together, Unit::Queue).await;
    }
}

async fn push_once(store: &dyn Store, callers: Vec<Waiting>, unit: Unit) {
    let mut jobs = Vec::new();
    let mut answers = Vec::with_capacity(callers.len());
    for Waiting { jobs: of_caller, answer, .. } in callers {
        answers.push((of_caller.len(), answer));
        jobs.extend(of_caller);
    }
    let mut outcomes = store.push(&jobs, unit).await.map(Vec::into_iter);
    for (count, answer) in answers {
        let share = match &mut outcomes {
            Ok(outcomes) => Ok(outcomes.by_ref().take(count).collect()),
            Err(error) => Err(error.clone()),
        };
        // A caller that has gone away does not want to know.
        let _ = answer.send(share);
    }
}

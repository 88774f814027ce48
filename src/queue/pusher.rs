//! Gathers concurrent pushes into few store calls.
//!
//! A push that finds the store idle goes at once. Pushes that arrive while calls are under way wait for one of them and
//! then go together: a group commit without any added delay.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{NewJob, PushOutcome, Store, StoreError, limits};

/// Store calls under way at once. Two keep the store busy while answers travel.
const CALLS: usize = 2;
/// Pushes that may wait; more wait to be let in.
const WAITING: usize = 4096;

struct Waiting {
    jobs: Vec<NewJob>,
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

    /// Stores `jobs` together; outcomes in order.
    pub(super) async fn push(&self, jobs: Vec<NewJob>) -> Result<Vec<PushOutcome>, StoreError> {
        let gone = || StoreError::Unavailable("the process is shutting down".into());
        let (answer, answered) = oneshot::channel();
        self.0.send(Waiting { jobs, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| StoreError::Unknown("the process is shutting down".into()))?
    }
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

async fn push_together(store: &dyn Store, batch: Vec<Waiting>) {
    let mut jobs = Vec::with_capacity(batch.len());
    let mut callers = Vec::with_capacity(batch.len());
    for Waiting { jobs: of_caller, answer } in batch {
        callers.push((of_caller.len(), answer));
        jobs.extend(of_caller);
    }
    let mut outcomes = store.push(&jobs).await.map(Vec::into_iter);
    for (count, answer) in callers {
        let share = match &mut outcomes {
            Ok(outcomes) => Ok(outcomes.by_ref().take(count).collect()),
            Err(error) => Err(error.clone()),
        };
        // A caller that has gone away does not want to know.
        let _ = answer.send(share);
    }
}

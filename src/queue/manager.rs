//! Dispatching: from a job and what the caller says about it to a stored job.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::{Dispatch, DispatchError, Dispatcher, Job, JobId, Priority, QueueName};

use super::pusher::Pusher;
use super::{Envelope, NewJob, PushOutcome, State, Store, StoreError, limits};

/// A dispatched job as the caller hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    pub id: JobId,
    pub queue: QueueName,
    pub state: State,
}

/// Pushes jobs to one store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct QueueManager {
    store: Arc<dyn Store>,
    pusher: Pusher,
    /// Default priority of jobs pushed to a queue.
    priorities: Arc<HashMap<QueueName, Priority>>,
}

impl QueueManager {
    /// Must be called within a Tokio runtime: the group commit runs on it.
    pub fn new(store: Arc<dyn Store>, priorities: HashMap<QueueName, Priority>) -> Self {
        let pusher = Pusher::start(Arc::clone(&store));
        Self { store, pusher, priorities: Arc::new(priorities) }
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Pushes a job to its own queue under its own options.
    pub async fn push(&self, job: &dyn Job) -> Result<Dispatched, DispatchError> {
        self.send(Dispatch::new(job)?).await
    }

    /// Pushes a job that may run once `delay` has passed.
    pub async fn later(&self, delay: Duration, job: &dyn Job) -> Result<Dispatched, DispatchError> {
        self.send(Dispatch::new(job)?.delay(delay)).await
    }

    /// Pushes one dispatch.
    pub async fn send(&self, dispatch: Dispatch) -> Result<Dispatched, DispatchError> {
        let mut sent = self.bulk(vec![dispatch]).await?;
        sent.pop().ok_or_else(|| DispatchError::Unavailable("the store gave no answer".into()))
    }

    /// Pushes many, the jobs of one queue all or none; one answer each, in order.
    pub async fn bulk(&self, dispatches: Vec<Dispatch>) -> Result<Vec<Dispatched>, DispatchError> {
        if dispatches.len() > limits::BULK {
            let message = format!("a bulk of {} jobs: at most {} are allowed", dispatches.len(), limits::BULK);
            return Err(DispatchError::Refused(message));
        }
        let jobs: Vec<NewJob> = dispatches.iter().map(|dispatch| self.freeze(dispatch)).collect::<Result<_, _>>()?;
        let heads: Vec<_> = jobs.iter().map(|job| (job.id(), job.envelope.queue.clone())).collect();
        let outcomes = self.pusher.push(jobs).await.map_err(refusal)?;
        heads.into_iter().zip(outcomes).map(|((id, queue), outcome)| dispatched(id, queue, outcome)).collect()
    }

    /// Jobs of a queue that have not ended.
    pub async fn size(&self, queue: &QueueName) -> Result<u64, StoreError> {
        let stats = self.store.stats(std::slice::from_ref(queue)).await?;
        Ok(stats.first().map_or(0, super::QueueStats::size))
    }

    fn freeze(&self, dispatch: &Dispatch) -> Result<NewJob, DispatchError> {
        if let Some(connection) = &dispatch.options.connection {
            return Err(DispatchError::UnknownConnection(connection.clone()));
        }
        limits::check_payload(dispatch.spec.data.get().len())
            .and_then(|()| limits::check_options(&dispatch.options))
            .map_err(|beyond| DispatchError::Refused(beyond.to_string()))?;
        let queue_priority = self.priorities.get(dispatch.queue()).copied();
        Ok(NewJob { envelope: Envelope::freeze(dispatch, queue_priority), when: dispatch.options.when })
    }
}

fn dispatched(id: JobId, queue: QueueName, outcome: PushOutcome) -> Result<Dispatched, DispatchError> {
    let state = match outcome {
        PushOutcome::Stored { delayed: true } => State::Delayed,
        PushOutcome::Stored { delayed: false } | PushOutcome::Repeated => State::Pending,
        PushOutcome::Conflict => return Err(DispatchError::Refused(format!("job id {id} is taken by another job"))),
    };
    Ok(Dispatched { id, queue, state })
}

fn refusal(error: StoreError) -> DispatchError {
    match error {
        StoreError::Unavailable(message) => DispatchError::Unavailable(message),
        StoreError::Unknown(message) => DispatchError::Unknown(message),
        StoreError::Full(message) => DispatchError::Full(message),
        StoreError::Refused(message) => DispatchError::Refused(message),
    }
}

#[async_trait]
impl Dispatcher for QueueManager {
    async fn dispatch(&self, dispatch: Dispatch) -> Result<JobId, DispatchError> {
        Ok(self.send(dispatch).await?.id)
    }
}

//! Dispatching: from a job and what the caller says about it to a stored job.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::{Dispatch, DispatchError, Dispatcher, Job, JobId, JobSpec, Priority, QueueName};

use super::pusher::Pusher;
use super::{Envelope, Found, NewJob, PushOutcome, State, Store, StoreError, UniqueKey, Unit, limits};

/// A dispatched job as the caller hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatched {
    pub id: JobId,
    pub queue: QueueName,
    pub state: State,
    /// Whether it was there before: dispatched under the same id, or the same work and not ended.
    pub is_repeat: bool,
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
        let mut sent = self.each(vec![dispatch]).await?;
        sent.pop().ok_or_else(|| DispatchError::Unavailable("the store gave no answer".into()))?
    }

    /// Pushes many, all or none; one answer each, in order.
    pub async fn bulk(&self, dispatches: Vec<Dispatch>) -> Result<Vec<Dispatched>, DispatchError> {
        self.store_all(dispatches, Unit::Whole).await?.into_iter().collect()
    }

    /// Pushes many, each for itself; one answer each, in order. An error of the whole says that none of them got an
    /// answer.
    pub async fn each(
        &self,
        dispatches: Vec<Dispatch>,
    ) -> Result<Vec<Result<Dispatched, DispatchError>>, DispatchError> {
        self.store_all(dispatches, Unit::Queue).await
    }

    async fn store_all(
        &self,
        dispatches: Vec<Dispatch>,
        unit: Unit,
    ) -> Result<Vec<Result<Dispatched, DispatchError>>, DispatchError> {
        if dispatches.len() > limits::BULK {
            let message = format!("a bulk of {} jobs: at most {} are allowed", dispatches.len(), limits::BULK);
            return Err(DispatchError::Refused(message));
        }
        let jobs: Vec<NewJob> = dispatches.iter().map(|dispatch| self.freeze(dispatch)).collect::<Result<_, _>>()?;
        let heads: Vec<_> = jobs.iter().map(|job| (job.id(), job.envelope.queue.clone())).collect();
        let outcomes = self.pusher.push(jobs, unit).await.map_err(refusal)?;
        // Whoever is to blame is told first: the others were withheld because of it.
        let conflict = heads.iter().zip(&outcomes).find(|(_, outcome)| **outcome == PushOutcome::Conflict);
        if let (Unit::Whole, Some(((id, _), _))) = (unit, conflict) {
            return Err(DispatchError::Conflict(*id));
        }
        let mut answers = Vec::with_capacity(heads.len());
        for ((id, queue), outcome) in heads.into_iter().zip(outcomes) {
            answers.push(self.dispatched(id, queue, outcome).await);
        }
        Ok(answers)
    }

    async fn dispatched(&self, id: JobId, queue: QueueName, outcome: PushOutcome) -> Result<Dispatched, DispatchError> {
        let state = match outcome {
            PushOutcome::Stored { delayed: true } => State::Delayed,
            PushOutcome::Stored { delayed: false } => State::Pending,
            PushOutcome::Repeated => return self.known(id, queue).await,
            PushOutcome::Duplicate(first) => return self.known(first, queue).await,
            PushOutcome::Conflict | PushOutcome::Withheld => return Err(DispatchError::Conflict(id)),
        };
        Ok(Dispatched { id, queue, state, is_repeat: false })
    }

    /// A job that was there before.
    async fn known(&self, id: JobId, queue: QueueName) -> Result<Dispatched, DispatchError> {
        let state = match self.store.find(id).await.map_err(refusal)? {
            Found::Here(record) => record.state,
            // It ended and was pruned in this very moment.
            Found::Expired | Found::Nothing => State::Completed,
        };
        Ok(Dispatched { id, queue, state, is_repeat: true })
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
        let JobSpec { type_name, data, .. } = &dispatch.spec;
        Ok(NewJob {
            envelope: Envelope::freeze(dispatch, queue_priority),
            when: dispatch.options.when,
            unique: dispatch.uniqueness().map(|unique| UniqueKey::of(unique, type_name, data)),
            is_named: dispatch.options.id.is_some(),
        })
    }
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

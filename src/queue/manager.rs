//! Dispatching: from a job and what the caller says about it to a stored job.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use journeyman_job::{Dispatch, DispatchError, Dispatcher, Job, JobId, JobSpec, QueueName, When, secret};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::pusher::Pusher;
use super::{Envelope, Found, NewJob, PushOutcome, Routing, State, Store, StoreError, UniqueKey, Unit, limits};

/// Pause between two looks at a job whose end is waited for; its store is this process's memory.
const END_CHECK: Duration = Duration::from_millis(1);

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
    routing: Arc<Routing>,
    /// The managers of the other stores, by their names.
    others: Arc<HashMap<String, QueueManager>>,
    /// Where a blocking send lets its call run.
    runtime: Handle,
}

impl QueueManager {
    /// Must be called within a Tokio runtime: the group commit runs on it.
    pub fn new(store: Arc<dyn Store>, routing: Routing) -> Self {
        let pusher = Pusher::start(Arc::clone(&store));
        Self { store, pusher, routing: Arc::new(routing), others: Arc::default(), runtime: Handle::current() }
    }

    /// The same with further stores that a dispatch can name.
    #[must_use]
    pub fn with_connections(self, others: HashMap<String, QueueManager>) -> Self {
        Self { others: Arc::new(others), ..self }
    }

    /// The manager of another store.
    pub fn connection(&self, name: &str) -> Result<&Self, DispatchError> {
        self.others.get(name).ok_or_else(|| DispatchError::UnknownConnection(name.to_owned()))
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What holds for jobs that say nothing else.
    pub fn routing(&self) -> &Arc<Routing> {
        &self.routing
    }

    /// Pushes a job to its own queue under its own options.
    pub async fn push(&self, job: &dyn Job) -> Result<Dispatched, DispatchError> {
        self.send(Dispatch::new(job)?).await
    }

    /// Pushes a job that may run once `delay` has passed.
    pub async fn later(&self, delay: Duration, job: &dyn Job) -> Result<Dispatched, DispatchError> {
        self.send(Dispatch::new(job)?.delay(delay)).await
    }

    /// Pushes one dispatch. What is to be stored is made of it before the first wait: the future is small without it.
    #[expect(clippy::needless_pass_by_value, reason = "what is sent is gone, as with the other verbs")]
    pub fn send(&self, dispatch: Dispatch) -> impl Future<Output = Result<Dispatched, DispatchError>> + Send {
        let frozen = self.named_by(&dispatch).and_then(|manager| Ok((manager, manager.freeze(&dispatch)?)));
        async move {
            let (manager, job) = frozen?;
            let mut sent = manager.store_frozen(vec![job], Unit::Queue).await?;
            sent.pop().ok_or_else(|| DispatchError::Unavailable("the store gave no answer".into()))?
        }
    }

    fn named_by(&self, dispatch: &Dispatch) -> Result<&Self, DispatchError> {
        dispatch.options.connection.as_deref().map_or(Ok(self), |name| self.connection(name))
    }

    /// Pushes one dispatch from code that blocks; never from an async function, whose thread it would stop.
    pub fn send_blocking(&self, dispatch: Dispatch) -> Result<Dispatched, DispatchError> {
        if self.runtime.runtime_flavor() == RuntimeFlavor::CurrentThread && Handle::try_current().is_ok() {
            let message = "send_blocking would stop the only thread of this runtime: use send".to_owned();
            return Err(DispatchError::Refused(message));
        }
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let manager = self.clone();
        self.runtime.spawn(async move {
            // The caller waits for this one answer.
            let _ = answer.send(manager.send(dispatch).await);
        });
        answered.recv().map_err(|_| DispatchError::Unknown("the process is shutting down".into()))?
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
        match connection_of(&dispatches)? {
            Some(name) => self.connection(name)?.store_here(&dispatches, unit).await,
            None => self.store_here(&dispatches, unit).await,
        }
    }

    async fn store_here(
        &self,
        dispatches: &[Dispatch],
        unit: Unit,
    ) -> Result<Vec<Result<Dispatched, DispatchError>>, DispatchError> {
        let jobs = dispatches.iter().map(|dispatch| self.freeze(dispatch)).collect::<Result<_, _>>()?;
        self.store_frozen(jobs, unit).await
    }

    async fn store_frozen(
        &self,
        jobs: Vec<NewJob>,
        unit: Unit,
    ) -> Result<Vec<Result<Dispatched, DispatchError>>, DispatchError> {
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
        let state = if self.routing.waits_for_end { self.end_of(id).await? } else { state };
        Ok(Dispatched { id, queue, state, is_repeat: false })
    }

    /// Waits until the job has ended.
    async fn end_of(&self, id: JobId) -> Result<State, DispatchError> {
        loop {
            match self.store.find(id).await.map_err(refusal)? {
                Found::Here(record) if !record.state.is_ended() => tokio::time::sleep(END_CHECK).await,
                Found::Here(record) => return Ok(record.state),
                Found::Expired | Found::Nothing => return Ok(State::Completed),
            }
        }
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
        limits::check_payload(dispatch.spec.data.get().len())
            .and_then(|()| limits::check_options(&dispatch.options))
            .map_err(|beyond| refused(&beyond))?;
        let dispatch = &*secret::repeatable(dispatch);
        let dispatch = &*self.routing.routed(dispatch);
        let priority = self.routing.priority(dispatch.queue());
        let options = dispatch.frozen_options(priority);
        limits::check_frozen(&options, dispatch.uniqueness()).map_err(|beyond| refused(&beyond))?;
        let JobSpec { type_name, data, .. } = &dispatch.spec;
        Ok(NewJob {
            envelope: Envelope::frozen(dispatch, options),
            when: if self.routing.waits_for_end { When::Now } else { dispatch.options.when },
            unique: dispatch
                .uniqueness()
                .map(|unique| UniqueKey::of(unique, type_name, &secret::comparable(type_name, data))),
            is_named: dispatch.options.id.is_some(),
        })
    }
}

/// The connection that all of these name: a bulk goes to one store.
fn connection_of(dispatches: &[Dispatch]) -> Result<Option<&str>, DispatchError> {
    let mut names = dispatches.iter().map(|dispatch| dispatch.options.connection.as_deref());
    let first = names.next().flatten();
    if names.any(|name| name != first) {
        let message = "a bulk goes to one connection: dispatch the jobs of each connection by themselves".to_owned();
        return Err(DispatchError::Refused(message));
    }
    Ok(first)
}

fn refused(beyond: &limits::Beyond) -> DispatchError {
    DispatchError::Refused(beyond.to_string())
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

//! What a job sees of its surroundings while it runs.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::{Dispatch, DispatchError, Dispatcher, Job, JobError, JobId, QueueName};

/// Values that the application shares with its jobs, one per type: a database pool, a mail client.
#[derive(Clone, Default)]
pub struct AppState(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl AppState {
    /// Adds `value`, replacing an earlier one of the same type.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
        self
    }

    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>()).and_then(|value| value.downcast_ref())
    }
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AppState({} values)", self.0.len())
    }
}

/// What a worker knows of an attempt when it starts it.
#[derive(Debug, Clone)]
pub struct ContextParts {
    pub id: JobId,
    pub queue: QueueName,
    pub attempt: u32,
    pub max_tries: u32,
    pub deadline: Option<Instant>,
    pub cancellation: CancellationToken,
    pub state: Arc<AppState>,
    pub dispatcher: Arc<dyn Dispatcher>,
}

/// One attempt of one job, as its code sees it.
#[derive(Debug, Clone)]
pub struct JobContext(ContextParts);

impl JobContext {
    pub fn new(parts: ContextParts) -> Self {
        Self(parts)
    }

    pub fn id(&self) -> JobId {
        self.0.id
    }

    pub fn queue(&self) -> &QueueName {
        &self.0.queue
    }

    /// Number of this execution, from 1.
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// Executions allowed in total; 0 = no limit.
    pub fn max_tries(&self) -> u32 {
        self.0.max_tries
    }

    /// When this attempt will be cancelled; `None` = never.
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// Time left until the deadline; `None` = no limit.
    #[expect(clippy::disallowed_methods, reason = "a duration on the worker's own clock, which decides nothing")]
    pub fn remaining(&self) -> Option<Duration> {
        self.0.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Cancelled when the attempt's result no longer counts: timed out, lease lost, or the worker is stopping.
    /// Code in the blocking lane looks at it between steps.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.0.cancellation
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.cancellation.is_cancelled()
    }

    /// A key that is the same in every attempt of this job: hand it to services that take an idempotency key.
    pub fn idempotency_key(&self) -> String {
        self.0.id.to_string()
    }

    /// The shared value of type `T`, if the application gave one.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.state.get()
    }

    /// The shared value of type `T`, or an error that names the missing type and ends the retries.
    pub fn require<T: Send + Sync + 'static>(&self) -> Result<&T, JobError> {
        self.state()
            .ok_or_else(|| JobError::fatal(format!("the application shares no {} with its jobs", type_name::<T>())))
    }

    /// Pushes another job to its own queue, with its own options.
    pub async fn dispatch(&self, job: &dyn Job) -> Result<JobId, DispatchError> {
        self.push(Dispatch::new(job)?).await
    }

    /// Pushes another job with options of your choosing.
    pub async fn push(&self, dispatch: Dispatch) -> Result<JobId, DispatchError> {
        self.0.dispatcher.dispatch(dispatch).await
    }
}

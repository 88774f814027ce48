//! A job on its way to a queue, with what the caller says about it.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Backoff, Callback, Job, JobId, JobOptions, Priority, QueueName, QueueNameError, RawJson, RetryConfig, secret,
};

/// Where [`JobContext::dispatch`](crate::JobContext::dispatch) sends jobs; implemented by the server.
#[async_trait]
pub trait Dispatcher: Debug + Send + Sync {
    async fn dispatch(&self, dispatch: Dispatch) -> Result<JobId, DispatchError>;
}

/// Why a job could not be dispatched.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    #[error("the payload of job {job_type} cannot be written as JSON: {source}")]
    Payload { job_type: String, source: serde_json::Error },
    #[error("job {job_type}: {source}")]
    QueueName { job_type: String, source: QueueNameError },
    #[error("connection {0:?} is not configured")]
    UnknownConnection(String),
    /// The id that the caller chose is that of another job.
    #[error(
        "operation id {0} is taken by another job: the same id must come with the same queue, type, data and options"
    )]
    Conflict(JobId),
    #[error("{0}")]
    Refused(String),
    /// Nothing was stored; trying again may help.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// It may or may not have been stored.
    #[error("the store did not answer in time, so the job may or may not be stored: {0}")]
    Unknown(String),
    /// Nothing was stored; jobs that end make room.
    #[error("the store is full: {0}")]
    Full(String),
}

/// A job's type and payload, and what the type itself says about running it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobSpec {
    pub type_name: String,
    pub data: RawJson,
    pub queue: QueueName,
    /// As the job says; its priority is the queue's where the job says none.
    pub options: JobOptions,
    pub has_priority: bool,
    pub unique: Option<Unique>,
}

/// What makes a job the same work as another one of its queue: while one has not ended, a second is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unique {
    /// Type and payload.
    Auto,
    Key(String),
}

/// When a job may first run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    #[default]
    Now,
    /// This long after the store has taken it.
    After(Duration),
    /// At this time of the store's clock.
    At(DateTime<Utc>),
}

/// What a caller says at dispatch, over what the job says by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DispatchOptions {
    pub queue: Option<QueueName>,
    pub connection: Option<String>,
    pub priority: Option<Priority>,
    pub when: When,
    pub max_tries: Option<u32>,
    pub timeout: Option<Duration>,
    pub retry: Option<RetryConfig>,
    pub tags: Vec<String>,
    /// The caller's own id for the job: the same id and job again is the same dispatch.
    pub id: Option<JobId>,
    pub unique: Option<Unique>,
    pub on_success: Option<Callback>,
    pub on_failure: Option<Callback>,
}

/// A job ready to be pushed; a builder over the job's own options.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    pub spec: JobSpec,
    pub options: DispatchOptions,
}

impl JobSpec {
    /// Reads type, payload and options off a job.
    pub fn of(job: &dyn Job) -> Result<Self, DispatchError> {
        let (type_name, data) = written(job)?;
        Self::assembled(job, type_name, data)
    }

    /// The same for the payload that `job` was decoded from: its exact text is kept, unless its type has secrets, which
    /// are sealed.
    pub fn with_data(job: &dyn Job, type_name: String, data: RawJson) -> Result<Self, DispatchError> {
        let data = if secret::holds_secrets(&type_name) { written(job)?.1 } else { data };
        Self::assembled(job, type_name, data)
    }

    fn assembled(job: &dyn Job, type_name: String, data: RawJson) -> Result<Self, DispatchError> {
        let queue = QueueName::new(&job.queue())
            .map_err(|source| DispatchError::QueueName { job_type: type_name.clone(), source })?;
        let has_priority = job.priority().is_some();
        Ok(Self { type_name, data, queue, options: JobOptions::of(job), has_priority, unique: job.unique() })
    }
}

/// Type name and payload of a job, its secrets sealed.
fn written(job: &dyn Job) -> Result<(String, RawJson), DispatchError> {
    #[derive(Deserialize)]
    struct Tagged {
        #[serde(rename = "type")]
        type_name: String,
        data: Box<RawValue>,
    }
    let payload = |source| DispatchError::Payload { job_type: job.typetag_name().to_owned(), source };
    let text = secret::writing(job.typetag_name(), || serde_json::to_string(job)).map_err(payload)?;
    let Tagged { type_name, data } = serde_json::from_str(&text).map_err(payload)?;
    Ok((type_name, data.into()))
}

impl Dispatch {
    pub fn new(job: &dyn Job) -> Result<Self, DispatchError> {
        JobSpec::of(job).map(Self::from)
    }

    #[must_use]
    pub fn on_queue(mut self, queue: QueueName) -> Self {
        self.options.queue = Some(queue);
        self
    }

    #[must_use]
    pub fn on_connection(mut self, connection: impl Into<String>) -> Self {
        self.options.connection = Some(connection.into());
        self
    }

    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// Not before `delay` has passed since the store took it.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.options.when = When::After(delay);
        self
    }

    /// Not before `time` by the store's clock.
    #[must_use]
    pub fn run_at(mut self, time: DateTime<Utc>) -> Self {
        self.options.when = When::At(time);
        self
    }

    /// Executions in total; 0 = no limit.
    #[must_use]
    pub fn max_tries(mut self, tries: u32) -> Self {
        self.options.max_tries = Some(tries);
        self
    }

    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    #[must_use]
    pub fn retry(mut self, retry: impl Into<RetryConfig>) -> Self {
        self.options.retry = Some(retry.into());
        self
    }

    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.options.tags.push(tag.into());
        self
    }

    /// Under an id of the caller's own. Dispatching the same job under the same id again is the same dispatch, as long as
    /// its record is kept; another job under it is refused.
    #[must_use]
    pub fn id(mut self, id: JobId) -> Self {
        self.options.id = Some(id);
        self
    }

    /// Not while a job of the same queue with the same key has not ended.
    #[must_use]
    pub fn unique(mut self, unique: Unique) -> Self {
        self.options.unique = Some(unique);
        self
    }

    /// What runs once it has completed.
    #[must_use]
    pub fn on_success(mut self, callback: Callback) -> Self {
        self.options.on_success = Some(callback);
        self
    }

    /// What runs once it has failed for good.
    #[must_use]
    pub fn on_failure(mut self, callback: Callback) -> Self {
        self.options.on_failure = Some(callback);
        self
    }

    /// What makes it unique: as the caller says, else as the job does.
    pub fn uniqueness(&self) -> Option<&Unique> {
        self.options.unique.as_ref().or(self.spec.unique.as_ref())
    }

    /// The queue it goes to.
    pub fn queue(&self) -> &QueueName {
        self.options.queue.as_ref().unwrap_or(&self.spec.queue)
    }

    /// The options to freeze: the caller's over the job's over the queue's priority.
    pub fn frozen_options(&self, queue_priority: Option<Priority>) -> JobOptions {
        let DispatchOptions { priority, max_tries, timeout, retry, tags, on_success, on_failure, .. } = &self.options;
        let mut frozen = self.spec.options.clone();
        if let Some(priority) = priority.or(queue_priority.filter(|_| !self.spec.has_priority)) {
            frozen.priority = priority;
        }
        if let Some(retry) = retry {
            frozen.max_tries = retry.tries();
            frozen.backoff = retry.backoff.0.clone();
            frozen.retry_for = retry.timeout.or(frozen.retry_for);
        }
        frozen.max_tries = max_tries.unwrap_or(frozen.max_tries);
        frozen.timeout = timeout.unwrap_or(frozen.timeout);
        frozen.tags.extend(tags.iter().cloned());
        frozen.on_success.clone_from(on_success);
        frozen.on_failure.clone_from(on_failure);
        frozen
    }
}

impl From<JobSpec> for Dispatch {
    fn from(spec: JobSpec) -> Self {
        Self { spec, options: DispatchOptions::default() }
    }
}

impl From<RetryConfig> for Backoff {
    fn from(config: RetryConfig) -> Self {
        config.backoff.0
    }
}

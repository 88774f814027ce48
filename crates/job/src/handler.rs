//! Job types made of a function instead of a struct.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use crate::decode::{Misfit, tracked};
use crate::registry::{self, JobType, RegistryError};
use crate::{
    Backoff, Dispatch, DispatchError, HandlerResult, Job, JobContext, JobResult, JobSpec, Lane, Middleware, Priority,
    QueueName, RawJson, Unique,
};

/// Longest an attempt of a handler may run that names no limit of its own, unless the server says otherwise.
const WORK_TIMEOUT: Duration = Duration::from_secs(30);

static HANDLERS: RwLock<BTreeMap<&'static str, &'static Registered>> = RwLock::new(BTreeMap::new());
static CONFIGURED_TIMEOUT: OnceLock<Duration> = OnceLock::new();

/// Makes `handler` the code of the job type `name`: jobs of that name run it with their payload, no struct needed.
///
/// The payload is read as whatever the function takes: `serde_json::Value`, [`RawJson`], or a type of yours, in which case
/// a payload that does not fit is refused at dispatch. `false` (also as JSON) and errors are failures, anything else is
/// the result: see [`HandlerResult`]. Attempts are limited to the setting `worker.work_timeout`, 30 s by default;
/// [`Handler`] has the other options.
///
/// ```
/// use journeyman_job::register_handler;
/// use serde_json::{Value, json};
///
/// register_handler("credit_calculation", |data: Value, ctx| async move {
///     let Some(amount) = data["amount"].as_f64() else { return json!(false) };
///     json!({"credited": amount * 0.9, "attempt": ctx.attempt()})
/// })?;
/// # Ok::<(), journeyman_job::registry::RegistryError>(())
/// ```
///
/// # Errors
///
/// A name that is taken, by a typed job or another handler; the error names both.
#[track_caller]
pub fn register_handler<D, F, Fut, R>(name: &str, handler: F) -> Result<(), RegistryError>
where
    D: DeserializeOwned + JsonSchema + 'static,
    F: Fn(D, JobContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: HandlerResult,
{
    Handler::named(name).register(handler)
}

/// Sets the time limit of handlers that name none. Counts once, at the start of the process; later calls change nothing.
pub fn set_work_timeout(limit: Duration) {
    let _ = CONFIGURED_TIMEOUT.set(limit);
}

/// A handler about to be registered, with the options that a typed job has as methods.
///
/// ```
/// use journeyman_job::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Resize { path: String }
///
/// Handler::named("resize").queue("images").max_tries(5).lane(Lane::Blocking).register(
///     |resize: Resize, _ctx| async move {
///         let bytes = std::fs::read(&resize.path)?;
///         Ok::<_, std::io::Error>(bytes.len())
///     },
/// )?;
/// # Ok::<(), journeyman_job::registry::RegistryError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a handler does nothing before it is registered"]
pub struct Handler {
    name: String,
    options: Options,
}

#[derive(Debug, Clone, Default)]
struct Options {
    queue: Option<String>,
    max_tries: Option<u32>,
    timeout: Option<Duration>,
    retry_after: Duration,
    backoff: Option<Backoff>,
    retry_for: Option<Duration>,
    priority: Option<Priority>,
    lane: Lane,
    tags: Vec<String>,
    unique: Option<Unique>,
    middleware: Middleware,
}

impl Handler {
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), options: Options::default() }
    }

    /// Queue its jobs are pushed to; `"default"` unless set.
    pub fn queue(mut self, queue: impl Into<String>) -> Self {
        self.options.queue = Some(queue.into());
        self
    }

    /// Executions in total; 0 = no limit. 3 unless set.
    pub fn max_tries(mut self, tries: u32) -> Self {
        self.options.max_tries = Some(tries);
        self
    }

    /// Longest one attempt may run; zero = no limit. The setting `worker.work_timeout` unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Wait between attempts, unless [`backoff`](Self::backoff) says more. None unless set.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.options.retry_after = wait;
        self
    }

    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = Some(backoff);
        self
    }

    /// Total budget since the first attempt began. None unless set.
    pub fn retry_for(mut self, budget: Duration) -> Self {
        self.options.retry_for = Some(budget);
        self
    }

    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = Some(priority);
        self
    }

    /// Where it runs: code that blocks its thread belongs in [`Lane::Blocking`].
    pub fn lane(mut self, lane: Lane) -> Self {
        self.options.lane = lane;
        self
    }

    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.options.tags.push(tag.into());
        self
    }

    /// What makes one of its jobs the same work as another of its queue.
    pub fn unique(mut self, unique: Unique) -> Self {
        self.options.unique = Some(unique);
        self
    }

    /// Layers around the function.
    pub fn middleware(mut self, middleware: Middleware) -> Self {
        self.options.middleware = middleware;
        self
    }

    /// Makes it known to the server, as [`register_handler`] does.
    #[track_caller]
    pub fn register<D, F, Fut, R>(self, handler: F) -> Result<(), RegistryError>
    where
        D: DeserializeOwned + JsonSchema + 'static,
        F: Fn(D, JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = R> + Send + 'static,
        R: HandlerResult,
    {
        let Self { name, options } = self;
        registry::check_name(&name)?;
        if let Some(queue) = &options.queue {
            QueueName::new(queue)
                .map_err(|error| RegistryError::Queue { name: name.clone(), message: error.to_string() })?;
        }
        let run = move |data: &RawJson, context: JobContext| -> HandlerFuture {
            // It was read once when the job was decoded, so it can be read again.
            match data.decode::<D>() {
                Ok(data) => {
                    let running = handler(data, context);
                    Box::pin(async move { running.await.into_job_result() })
                }
                Err(error) => Box::pin(std::future::ready(Err(error.into()))),
            }
        };
        // A process has so many handlers and keeps them to its end, as it does the typed jobs.
        let name: &'static str = name.leak();
        let job_type = JobType {
            name,
            rust_type: "a handler",
            source: Location::caller().to_string().leak(),
            schema: || SchemaGenerator::default().into_root_schema_for::<D>(),
        };
        let check = |data: &RawJson| tracked::<D>(data.get().as_bytes(), 0).map(drop);
        enter(Registered { job_type, options, check, run: Box::new(run) })
    }
}

impl Dispatch {
    /// A job of the type called `name`, handler or typed, with this payload.
    ///
    /// # Errors
    ///
    /// A type that this process does not know, or a payload that does not fit it.
    pub fn named(name: &str, data: &(impl Serialize + ?Sized)) -> Result<Self, DispatchError> {
        let payload = |source| DispatchError::Payload { job_type: name.to_owned(), source };
        let data = RawJson::encode(data).map_err(payload)?;
        if !registry::knows(name) {
            return Err(DispatchError::Refused(format!("unknown job type {name:?}")));
        }
        let job = registry::decode_given(name, &data).map_err(|Misfit { pointer, message, .. }| {
            let place = if pointer.is_empty() { String::new() } else { format!("{pointer}: ") };
            DispatchError::Refused(format!("job {name}: {place}{message}"))
        })?;
        JobSpec::with_data(job.as_ref(), name.to_owned(), data).map(Self::from)
    }
}

fn enter(handler: Registered) -> Result<(), RegistryError> {
    let mut handlers = HANDLERS.write().unwrap_or_else(PoisonError::into_inner);
    let name = handler.job_type.name;
    let taken_by = match handlers.get(name) {
        Some(other) => Some(registry::described(&other.job_type)),
        None => registry::typed(name),
    };
    if let Some(first) = taken_by {
        let second = registry::described(&handler.job_type);
        return Err(RegistryError::Duplicate { name: name.to_owned(), first, second });
    }
    handlers.insert(name, Box::leak(Box::new(handler)));
    Ok(())
}

pub(crate) fn find(name: &str) -> Option<&'static Registered> {
    HANDLERS.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
}

pub(crate) fn names() -> Vec<&'static str> {
    HANDLERS.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
}

type HandlerFuture = Pin<Box<dyn Future<Output = JobResult> + Send>>;

/// Reads the payload as what the function takes, and calls it.
type Run = dyn Fn(&RawJson, JobContext) -> HandlerFuture + Send + Sync;

pub(crate) struct Registered {
    pub(crate) job_type: JobType,
    options: Options,
    check: fn(&RawJson) -> Result<(), Misfit>,
    run: Box<Run>,
}

impl Registered {
    /// A job of this type, if `data` fits it.
    pub(crate) fn job(&'static self, data: RawJson) -> Result<Box<dyn Job>, Misfit> {
        (self.check)(&data)?;
        Ok(Box::new(HandlerJob { handler: self, data }))
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("name", &self.job_type.name).finish_non_exhaustive()
    }
}

/// One job whose code is a registered handler.
#[derive(Debug)]
struct HandlerJob {
    handler: &'static Registered,
    data: RawJson,
}

impl Serialize for HandlerJob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data.serialize(serializer)
    }
}

#[async_trait]
impl Job for HandlerJob {
    /// What `#[typetag::serde]` would write, but with a name that is known only at run time.
    fn typetag_name(&self) -> &'static str {
        self.handler.job_type.name
    }

    fn typetag_deserialize(&self) {}

    async fn handle(&self, ctx: &JobContext) -> JobResult {
        (self.handler.run)(&self.data, ctx.clone()).await
    }

    fn max_tries(&self) -> u32 {
        self.handler.options.max_tries.unwrap_or(3)
    }

    fn timeout(&self) -> Duration {
        let by_default = || CONFIGURED_TIMEOUT.get().copied().unwrap_or(WORK_TIMEOUT);
        self.handler.options.timeout.unwrap_or_else(by_default)
    }

    fn retry_after(&self) -> Duration {
        self.handler.options.retry_after
    }

    fn queue(&self) -> Cow<'static, str> {
        self.handler.options.queue.as_deref().map_or(Cow::Borrowed("default"), Cow::Borrowed)
    }

    fn backoff(&self) -> Option<Backoff> {
        self.handler.options.backoff.clone()
    }

    fn retry_for(&self) -> Option<Duration> {
        self.handler.options.retry_for
    }

    fn priority(&self) -> Option<Priority> {
        self.handler.options.priority
    }

    fn lane(&self) -> Lane {
        self.handler.options.lane
    }

    fn unique(&self) -> Option<Unique> {
        self.handler.options.unique.clone()
    }

    fn middleware(&self) -> Middleware {
        self.handler.options.middleware.clone()
    }

    fn tags(&self) -> Vec<String> {
        self.handler.options.tags.clone()
    }
}

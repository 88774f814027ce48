//! What a job type puts around its own `handle`: tower layers, the worker none the wiser.

mod circuit_breaker;
mod retry;
mod timeout;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower::util::{BoxCloneSyncService, BoxCloneSyncServiceLayer};
use tower::{Layer, Service, ServiceExt};

pub use circuit_breaker::CircuitBreaker;

use crate::{Backoff, Job, JobContext, JobError, JobResult, Outcome};
use circuit_breaker::CircuitBreakerLayer;
use retry::RetryWithBackoff;
use timeout::TimeoutLayer;

/// One call of a job's `handle`, as layers pass it on.
#[derive(Debug, Clone)]
pub struct Handling {
    pub job: Arc<dyn Job>,
    pub context: JobContext,
}

/// What the layers of a [`Middleware`] wrap: `handle` with the layers further in around it.
pub type HandleService = BoxCloneSyncService<Handling, Outcome, JobError>;

type BoxedLayer = BoxCloneSyncServiceLayer<HandleService, Handling, Outcome, JobError>;

/// A stack of layers around `handle`, the first one outermost. All of it happens within one attempt, under the attempt's
/// time limit, in the job's lane. `failed` is not wrapped.
///
/// ```
/// use journeyman_job::prelude::*;
///
/// #[derive(Debug, Serialize, Deserialize, JsonSchema)]
/// struct Charge { amount: u64 }
///
/// #[job]
/// impl Job for Charge {
///     async fn handle(&self, _ctx: &JobContext) -> JobResult {
///         Outcome::with(self.amount)
///     }
///
///     fn middleware(&self) -> Middleware {
///         Middleware::new()
///             // Five failures in a row: for half a minute no attempt of this type is made at all.
///             .circuit_breaker(CircuitBreaker::after(5).recovering_in(Duration::from_secs(30)))
///             // Up to three calls in one attempt, each of them cut off after two seconds.
///             .retry_with_backoff(3, Backoff::fixed(Duration::from_millis(100)))
///             .with_timeout(Duration::from_secs(2))
///     }
/// }
/// ```
#[derive(Clone, Default)]
pub struct Middleware(Vec<BoxedLayer>);

impl Middleware {
    /// No layers: what every type has unless it says otherwise.
    pub fn new() -> Self {
        Self::default()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a tower layer of any make inside those before it.
    ///
    /// ```
    /// use journeyman_job::Middleware;
    /// use std::sync::{Arc, LazyLock};
    /// use tokio::sync::Semaphore;
    /// use tower::limit::GlobalConcurrencyLimitLayer;
    ///
    /// /// At most two at a time, whatever the number of worker slots.
    /// static TWO: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));
    ///
    /// let middleware = Middleware::new().layer(GlobalConcurrencyLimitLayer::with_semaphore(TWO.clone()));
    /// # assert!(!middleware.is_empty());
    /// ```
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<HandleService> + Send + Sync + 'static,
        L::Service: Service<Handling, Response = Outcome> + Clone + Send + Sync + 'static,
        <L::Service as Service<Handling>>::Error: Into<JobError>,
        <L::Service as Service<Handling>>::Future: Send + 'static,
    {
        let layer = tower::layer::layer_fn(move |inner: HandleService| layer.layer(inner).map_err(Into::into));
        self.0.push(BoxCloneSyncServiceLayer::new(layer));
        self
    }

    /// Cuts what is inside off at its next await point once `limit` has passed: the failure is a timeout, and is counted
    /// and retried as one.
    #[must_use]
    pub fn with_timeout(self, limit: Duration) -> Self {
        self.layer(TimeoutLayer(limit))
    }

    /// Calls what is inside again within the same attempt when it fails, up to `calls` calls in total, with the waits of
    /// `backoff`. Not after a failure that forbids retries, nor once the attempt is cancelled.
    #[must_use]
    pub fn retry_with_backoff(self, calls: u32, backoff: impl Into<Backoff>) -> Self {
        self.layer(tower::retry::RetryLayer::new(RetryWithBackoff::new(calls, backoff.into())))
    }

    /// Stops calling what is inside after so many failures in a row, for all jobs of this type in this process. Until it
    /// has recovered, jobs are put off without using an attempt.
    #[must_use]
    pub fn circuit_breaker(self, breaker: CircuitBreaker) -> Self {
        self.layer(CircuitBreakerLayer(breaker))
    }

    /// Runs `handle` of this job within its layers.
    pub fn run(self, call: Handling) -> impl Future<Output = JobResult> + Send + 'static {
        let service = HandleService::new(Handle);
        self.0.into_iter().rev().fold(service, |inner, layer| HandleService::new(layer.layer(inner))).oneshot(call)
    }
}

impl fmt::Debug for Middleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Middleware({} layers)", self.0.len())
    }
}

type HandleFuture = Pin<Box<dyn Future<Output = JobResult> + Send>>;

/// The innermost service: `handle` itself.
#[derive(Debug, Clone, Copy)]
struct Handle;

impl Service<Handling> for Handle {
    type Response = Outcome;
    type Error = JobError;
    type Future = HandleFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Handling) -> HandleFuture {
        Box::pin(async move { call.job.handle(&call.context).await })
    }
}

//! R59: what a type puts around its own `handle`.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use journeyman_job::prelude::*;
use journeyman_job::{AppState, ContextParts, DispatchError, Dispatcher, ErrorKind, Handling, JobId, QueueName};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::limit::ConcurrencyLimitLayer;
use uuid::Uuid;

const SECOND: Duration = Duration::from_secs(1);

/// Does in its n-th call what the n-th word says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Scripted {
    script: Vec<String>,
    #[serde(skip)]
    calls: AtomicU32,
}

impl Scripted {
    fn new(script: &str) -> Arc<Self> {
        Arc::new(Self { script: script.split_whitespace().map(str::to_owned).collect(), calls: AtomicU32::new(0) })
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

#[job]
impl Job for Scripted {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) as usize;
        match self.script[call.min(self.script.len() - 1)].as_str() {
            "ok" => Outcome::with(call),
            "fails" => Err(JobError::new("as told")),
            "fatal" => Err(JobError::fatal("as told")),
            "hangs" => std::future::pending().await,
            "cancelled" => {
                ctx.cancellation().cancel();
                Err(JobError::new("as told"))
            }
            "panics" => panic!("as told"),
            other => panic!("{other}?"),
        }
    }
}

#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl Dispatcher for Nowhere {
    async fn dispatch(&self, _: Dispatch) -> Result<JobId, DispatchError> {
        Err(DispatchError::Refused("this test dispatches nothing".into()))
    }
}

fn call(job: &Arc<Scripted>) -> Handling {
    let context = JobContext::new(ContextParts {
        id: JobId::from(Uuid::nil()),
        queue: QueueName::default(),
        attempt: 1,
        max_tries: 1,
        deadline: None,
        cancellation: CancellationToken::new(),
        state: Arc::new(AppState::default()),
        dispatcher: Arc::new(Nowhere),
    });
    Handling { job: job.clone(), context }
}

async fn kind(middleware: &Middleware, job: &Arc<Scripted>) -> Result<(), ErrorKind> {
    middleware.clone().run(call(job)).await.map(drop).map_err(|error| error.kind())
}

#[tokio::test(start_paused = true)]
async fn r59_with_timeout_cuts_a_call_off_and_its_failure_is_a_timeout() {
    let middleware = Middleware::new().with_timeout(2 * SECOND);
    let start = Instant::now();
    assert_eq!(kind(&middleware, &Scripted::new("hangs")).await, Err(ErrorKind::Timeout));
    assert_eq!(start.elapsed(), 2 * SECOND);
    assert_eq!(kind(&middleware, &Scripted::new("ok")).await, Ok(()));
    assert_eq!(kind(&middleware, &Scripted::new("fatal")).await, Err(ErrorKind::Fatal), "kinds pass through");
}

#[tokio::test(start_paused = true)]
async fn r59_retry_with_backoff_calls_again_within_the_attempt() {
    let exponential = Backoff::exponential();
    for (script, calls, outcome, waited) in [
        ("fails fails ok", 3, Ok(()), 3),
        ("fails ok", 2, Ok(()), 1),
        ("fails", 3, Err(ErrorKind::Error), 3),
        ("ok", 1, Ok(()), 0),
        ("fails fatal", 2, Err(ErrorKind::Fatal), 1),
        ("cancelled", 1, Err(ErrorKind::Error), 0),
    ] {
        let (job, start) = (Scripted::new(script), Instant::now());
        let middleware = Middleware::new().retry_with_backoff(3, exponential.clone());
        assert_eq!(kind(&middleware, &job).await, outcome, "{script}");
        assert_eq!((job.calls(), start.elapsed()), (calls, waited * SECOND), "{script}");
    }
}

#[tokio::test(start_paused = true)]
async fn r59_layers_stack_the_first_one_outermost() {
    let retry = Backoff::fixed(SECOND);
    let each = Middleware::new().retry_with_backoff(3, retry.clone()).with_timeout(10 * SECOND);
    let (job, start) = (Scripted::new("hangs"), Instant::now());
    assert_eq!(kind(&each, &job).await, Err(ErrorKind::Timeout));
    assert_eq!((job.calls(), start.elapsed()), (3, 32 * SECOND), "each call has its own limit");

    let all = Middleware::new().with_timeout(10 * SECOND).retry_with_backoff(3, retry);
    let (job, start) = (Scripted::new("hangs"), Instant::now());
    assert_eq!(kind(&all, &job).await, Err(ErrorKind::Timeout));
    assert_eq!((job.calls(), start.elapsed()), (1, 10 * SECOND), "one limit for all calls");
}

#[tokio::test(start_paused = true)]
async fn r59_an_open_circuit_puts_jobs_off_without_calling_them() {
    let breaker = || CircuitBreaker::after(2).recovering_in(30 * SECOND).named("r59.opens");
    let middleware = Middleware::new().circuit_breaker(breaker());
    let failing = Scripted::new("fails panics hangs");
    assert_eq!(kind(&middleware, &failing).await, Err(ErrorKind::Error));
    let panicking = tokio::spawn(middleware.clone().run(call(&failing)));
    assert!(panicking.await.unwrap_err().is_panic(), "a panic counts as a failure, too");

    // Another job, another stack, the same circuit.
    let (other, again) = (Scripted::new("ok"), Middleware::new().circuit_breaker(breaker()));
    let put_off = again.clone().run(call(&other)).await;
    assert_eq!((put_off, other.calls()), (Ok(Outcome::snooze(30 * SECOND)), 0));

    tokio::time::advance(30 * SECOND).await;
    let probe = again.clone().run(call(&failing));
    // Its time limit cuts the probe off: that is a failure, and the circuit stays open.
    assert!(tokio::time::timeout(SECOND, probe).await.is_err());
    assert_eq!(again.clone().run(call(&other)).await, Ok(Outcome::snooze(30 * SECOND)));

    tokio::time::advance(30 * SECOND).await;
    for calls in 1..3 {
        assert_eq!(kind(&again, &other).await, Ok(()));
        assert_eq!(other.calls(), calls, "closed again");
    }
}

#[tokio::test]
async fn r59_a_job_at_fault_itself_does_not_open_a_circuit() {
    let middleware = Middleware::new().circuit_breaker(CircuitBreaker::after(1).named("r59.fatal"));
    let job = Scripted::new("fatal cancelled ok");
    assert_eq!(kind(&middleware, &job).await, Err(ErrorKind::Fatal));
    assert_eq!(kind(&middleware, &job).await, Err(ErrorKind::Error));
    // What failed after it was cancelled told nothing.
    assert_eq!(middleware.run(call(&job)).await, Outcome::with(2));
}

#[tokio::test]
async fn r59_towers_own_layers_fit_and_an_empty_stack_is_no_stack() {
    let middleware = Middleware::new().layer(ConcurrencyLimitLayer::new(1));
    assert_eq!(kind(&middleware, &Scripted::new("ok")).await, Ok(()));
    assert!(Scripted::new("ok").middleware().is_empty());
    assert_eq!(kind(&Middleware::new(), &Scripted::new("ok")).await, Ok(()));
}

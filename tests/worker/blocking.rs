//! The blocking lane when its pool is full, and when its jobs do not end.

use std::sync::Once;

use journeyman::job::{Callback, Dispatch, ErrorKind, QueueName, prelude::*};
use journeyman::queue::{Counters, Policy, State};
use journeyman::worker::{Worker, WorkerOptions};
use serde_json::Value;

use super::Rig;
use super::jobs::{Block, Diary};
use crate::support::eventually;

/// Blocks a thread in its first attempt until somebody notes "open", whatever anybody says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Occupy {
    name: String,
    limit_millis: u64,
    tries: u32,
}

impl Occupy {
    /// Without a limit, and with one try.
    fn new(name: &str) -> Self {
        Self { name: name.into(), limit_millis: 0, tries: 1 }
    }
}

#[job(name = "blocking.occupy", lane = "blocking")]
impl Job for Occupy {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let diary = ctx.require::<Diary>()?;
        diary.note(format!("{} {}", self.name, ctx.attempt()));
        while ctx.attempt() == 1 && diary.count("open") == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        Outcome::with(ctx.attempt())
    }

    async fn failed(&self, ctx: &JobContext, error: &JobError) -> Result<(), JobError> {
        ctx.require::<Diary>()?.note(format!("{} failed: {}", self.name, error.kind()));
        Ok(())
    }

    fn max_tries(&self) -> u32 {
        self.tries
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.limit_millis)
    }
}

/// A worker with one thread for blocking jobs, and that one taken.
async fn occupied(rig: &Rig, max_requeues: u32) -> Worker {
    let policy = Policy { max_requeues, ..Policy::default() };
    let worker = rig.work(WorkerOptions { thread_pool_size: 1, policy, ..rig.options() });
    rig.push(&Occupy::new("first")).await;
    rig.until_noted("first 1").await;
    assert_eq!(worker.pool().utilization(), 100.0);
    worker
}

async fn counters(rig: &Rig) -> Counters {
    rig.store.stats(&[QueueName::default()]).await.unwrap()[0].counters
}

#[tokio::test]
async fn r8_a_full_pool_puts_a_job_off_without_using_an_attempt() {
    let rig = Rig::new();
    let worker = occupied(&rig, 3).await;
    let second = rig.push(&Occupy { tries: 3, ..Occupy::new("second") }).await;
    let record = rig.until(second, State::Delayed).await;
    assert_eq!((record.attempts, record.trail.requeues), (0, 1));
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::PoolExhausted);
    assert_eq!(record.trail.history.last().unwrap().outcome, "requeued");
    assert_eq!(counters(&rig).await.thread_pool_exhaustion, 1);

    rig.diary.note("open");
    let record = rig.until(second, State::Completed).await;
    assert_eq!((record.attempts, record.trail.requeues), (1, 0), "it got its thread, and every one of its tries");
    let Counters { thread_pool_exhaustion, timeouts, retried, failed, .. } = counters(&rig).await;
    assert_eq!((thread_pool_exhaustion, timeouts, retried, failed), (1, 0, 0, 0));
    worker.stop().await;
}

#[tokio::test]
async fn r8_after_its_last_requeue_a_job_fails_and_its_hook_and_callback_run() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        register_handler("blocking.alarm", |outcome: Value, ctx: JobContext| async move {
            ctx.require::<Diary>()?.note(format!("alarm: {}", outcome["error"]["kind"]));
            Ok::<_, JobError>(true)
        })
        .unwrap();
    });
    let rig = Rig::new();
    let worker = occupied(&rig, 1).await;
    let alarm = Callback::parse("blocking.alarm").unwrap();
    let second = rig.send(Dispatch::new(&Occupy::new("second")).unwrap().on_failure(alarm)).await;
    let record = rig.until(second, State::Failed).await;
    let error = record.trail.error.unwrap();
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
    assert!(error.message().contains("2 times in a row"), "{error}");
    rig.until_noted("second failed: pool_exhausted").await;
    rig.until_noted("alarm: \"pool_exhausted\"").await;
    assert_eq!(rig.diary.count("second 1"), 0, "it never ran");
    assert_eq!(counters(&rig).await.thread_pool_exhaustion, 2);
    assert_eq!(worker.pool().utilization(), 100.0, "all the while there was no thread for it");
    rig.diary.note("open");
    worker.stop().await;
}

#[tokio::test]
async fn r8_a_requeue_past_the_budget_fails_at_once() {
    let rig = Rig::new();
    let worker = occupied(&rig, 3).await;
    let retry = Backoff::exponential();
    let retry = journeyman::job::RetryConfig { timeout: Some(Duration::from_millis(900)), ..retry.into() };
    let second = rig.send(Dispatch::new(&Occupy::new("second")).unwrap().retry(retry)).await;
    let record = rig.until(second, State::Failed).await;
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::WouldExceedDeadline);
    assert_eq!(counters(&rig).await.thread_pool_exhaustion, 1);
    rig.diary.note("open");
    worker.stop().await;
}

#[tokio::test]
async fn r9_a_blocking_job_past_its_deadline_gives_up_its_place_and_is_retried() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { thread_pool_size: 1, ..rig.options() });
    let id = rig.push(&Occupy { limit_millis: 100, tries: 2, ..Occupy::new("overdue") }).await;
    // Its second attempt runs on the one thread of the pool, while the first one still blocks another.
    let record = rig.until(id, State::Completed).await;
    assert_eq!((rig.diary.count("overdue 1"), rig.diary.count("overdue 2")), (1, 1));
    assert_eq!((record.attempts, record.trail.history[0].outcome.as_str()), (2, "timeout"));
    assert_eq!((worker.pool().strays(), worker.pool().utilization()), (1, 0.0));
    let before = counters(&rig).await;
    assert_eq!((before.timeouts, before.retried, before.processed), (1, 1, 1));

    rig.diary.note("open");
    eventually("the stray ends", async || worker.pool().strays() == 0).await;
    worker.stop().await;
    assert_eq!(counters(&rig).await, before, "the late result is not counted");
    assert_eq!(rig.record(id).await.trail, record.trail, "nor does it change anything");
}

#[tokio::test]
async fn r9_there_are_only_so_many_strays_and_then_the_pool_shrinks() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { thread_pool_size: 1, ..rig.options() });
    for name in ["one", "two"] {
        let id = rig.push(&Occupy { limit_millis: 50, ..Occupy::new(name) }).await;
        let record = rig.until(id, State::Failed).await;
        assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::Timeout);
    }
    assert_eq!((worker.pool().strays(), worker.pool().utilization()), (1, 100.0));
    let third = rig.push(&Block { millis: 1 }).await;
    rig.until(third, State::Delayed).await;

    rig.diary.note("open");
    rig.until(third, State::Completed).await;
    eventually("all are home", async || worker.pool().strays() == 0 && worker.pool().utilization() == 0.0).await;
    worker.stop().await;
}

/// As blocking clients of databases and of HTTP do.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct OwnRuntime {}

#[job(name = "blocking.own_runtime", lane = "blocking", max_tries = 1)]
impl Job for OwnRuntime {
    async fn handle(&self, _: &JobContext) -> JobResult {
        let pause = || tokio::time::sleep(Duration::from_millis(1));
        // The worker's timers and sockets.
        pause().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let (connected, accepted) =
            tokio::join!(tokio::net::TcpStream::connect(listener.local_addr()?), listener.accept());
        connected?;
        accepted?;
        // And its own.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(pause());
        drop(runtime);
        tokio::runtime::Handle::current().block_on(pause());
        Outcome::with("all of it")
    }
}

#[tokio::test]
async fn r7_a_blocking_job_may_use_runtimes_of_its_own() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&OwnRuntime {}).await;
    let record = rig.until(id, State::Completed).await;
    assert_eq!(record.trail.result.unwrap().get(), "\"all of it\"");
    worker.stop().await;
}

//! Jobs that fail, and how.

use std::time::Duration;

use bytes::Bytes;
use journeyman::job::{Backoff, Dispatch, ErrorKind, JobId, Priority, QueueName, When};
use journeyman::queue::{Envelope, NewJob, State, Unit};
use journeyman::worker::WorkerOptions;

use super::Rig;
use super::jobs::{Fail, Wait};

/// A stored job that no dispatch would have made.
async fn push_raw(rig: &Rig, body: &'static str) -> JobId {
    let queue = QueueName::default();
    let id = JobId::generate(&queue);
    let envelope = Envelope { id, queue, priority: Priority::Normal, body: Bytes::from_static(body.as_bytes()) };
    rig.store.push(&[NewJob::new(envelope, When::Now)], Unit::Queue).await.unwrap();
    id
}

/// R5: once, at the end, on an instance of its own.
#[tokio::test]
async fn r5_failed_runs_once_after_the_last_try_on_a_fresh_instance() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&Fail::new("fine", 3)).await;
    let record = rig.until(id, State::Failed).await;
    assert_eq!(rig.diary.notes(), ["handled", "handled", "handled", "failed: as told, fresh: true"]);
    assert_eq!(record.trail.failed_hook_error, None);
    assert_eq!(record.trail.history.len(), 3);
    worker.stop().await;
}

/// R5: whatever `failed` does is recorded and changes nothing else.
#[tokio::test]
async fn r5_a_failed_that_fails_itself_is_recorded_and_changes_nothing_else() {
    for (hook, kind) in [("panic", ErrorKind::Panic), ("error", ErrorKind::Error), ("hang", ErrorKind::Timeout)] {
        let rig = Rig::new();
        let worker = rig.start();
        let id = rig.push(&Fail::new(hook, 1)).await;
        let record = rig.until(id, State::Failed).await;
        let error = record.trail.error.unwrap();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Error, "as told"), "{hook}");
        assert_eq!(record.trail.failed_hook_error.unwrap().kind(), kind, "{hook}");
        assert_eq!(rig.diary.notes().len(), 2, "{hook}");
        worker.stop().await;
    }
}

/// R9: a timeout cancels at the await point, counts, and is retried like any failure.
#[tokio::test]
async fn r9_a_timeout_drops_the_job_and_is_retried() {
    let rig = Rig::new();
    let worker = rig.start();
    let wait = Wait { name: "slow".into() };
    let dispatch = Dispatch::new(&wait).unwrap().timeout(Duration::from_millis(50)).max_tries(2);
    let id = rig.send(dispatch).await;
    let record = rig.until(id, State::Failed).await;
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::Timeout);
    assert_eq!(rig.diary.notes(), ["slow started", "slow dropped", "slow started", "slow dropped"]);
    let stats = rig.store.stats(&[QueueName::default()]).await.unwrap();
    assert_eq!((stats[0].counters.timeouts, stats[0].counters.retried, stats[0].counters.failed), (2, 1, 1));
    worker.stop().await;
}

/// R13: the waits are those of the dispatch's retry configuration.
#[tokio::test]
async fn r13_retries_wait_as_configured() {
    let rig = Rig::new();
    let worker = rig.start();
    let delays = [Duration::from_millis(60), Duration::from_millis(150)];
    let retry = Backoff::custom(delays).with_jitter(false);
    let id = rig.send(Dispatch::new(&Fail::new("fine", 9)).unwrap().retry(retry)).await;
    let record = rig.until(id, State::Failed).await;
    let history = &record.trail.history;
    assert_eq!(history.len(), 3, "a custom list of two delays means three tries");
    for (pair, delay) in history.windows(2).zip(delays) {
        let waited = pair[1].started_at.since(pair[0].finished_at);
        assert!(waited >= delay - Duration::from_millis(5), "{waited:?} after a delay of {delay:?}");
        assert!(waited < delay + Duration::from_millis(100), "{waited:?} after a delay of {delay:?}");
    }
    worker.stop().await;
}

/// R15: a try that would begin after the budget is not scheduled.
#[tokio::test]
async fn r15_a_retry_past_the_total_budget_fails_at_once() {
    let rig = Rig::new();
    let worker = rig.start();
    let mut retry = journeyman::job::RetryConfig::from(Backoff::fixed(Duration::from_secs(60)));
    retry.timeout = Some(Duration::from_secs(10));
    let id = rig.send(Dispatch::new(&Fail::new("fine", 9)).unwrap().retry(retry)).await;
    let record = rig.until(id, State::Failed).await;
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::WouldExceedDeadline);
    assert_eq!(record.attempts, 1);
    worker.stop().await;
}

/// R28: a type that only another worker knows is put back, and costs nothing.
#[tokio::test]
async fn r28_an_unknown_type_is_put_back_without_using_an_attempt() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = push_raw(&rig, r#"{"type":"worker.of_tomorrow","data":{},"v":1}"#).await;
    let record = rig.until(id, State::Delayed).await;
    assert_eq!(record.attempts, 0);
    assert!(record.trail.history.is_empty());
    worker.stop().await;
}

/// R28: what nobody can read fails once, as a system error.
#[tokio::test]
async fn r28_an_undecodable_record_fails_once_as_a_system_error() {
    let rig = Rig::new();
    let worker = rig.start();
    let bodies = [
        "not json at all",
        r#"{"type":"worker.write"}"#,
        r#"{"type":"worker.write","data":{"text":5},"v":1}"#,
        r#"{"type":"worker.write","data":{"text":"x"},"v":2}"#,
        "",
    ];
    for body in bodies {
        let id = push_raw(&rig, body).await;
        let record = rig.until(id, State::Failed).await;
        assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::Undecodable, "{body}");
        assert_eq!(record.attempts, 1, "{body}");
    }
    let stats = rig.store.stats(&[QueueName::default()]).await.unwrap();
    assert_eq!((stats[0].failed, stats[0].system_errors), (5, 5));
    worker.stop().await;
}

/// R46: a worker may set its own number of tries for all.
#[tokio::test]
async fn r46_a_workers_own_number_of_tries_overrides_the_jobs() {
    let rig = Rig::new();
    let policy = journeyman::queue::Policy { max_tries: Some(1), ..journeyman::queue::Policy::default() };
    let worker = rig.work(WorkerOptions { policy, ..rig.options() });
    let id = rig.push(&Fail::new("fine", 9)).await;
    assert_eq!(rig.until(id, State::Failed).await.attempts, 1);
    worker.stop().await;
}

/// R10: a panic is a failure of its job, and the worker lives.
#[tokio::test]
async fn r10_a_panicking_job_fails_and_the_worker_lives() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&super::jobs::Panic {}).await;
    let record = rig.until(id, State::Failed).await;
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::Panic);
    assert_eq!(record.attempts, 3);
    let next = rig.push(&super::jobs::Write { text: "alive".into() }).await;
    rig.until(next, State::Completed).await;
    worker.stop().await;
}

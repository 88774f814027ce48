//! Jobs that have failed for good and whose `failed` does not get to its end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use journeyman::clock::{ManualClock, SystemClock};
use journeyman::drivers::coded::CodedStore;
use journeyman::drivers::memory::MemoryStore;
use journeyman::job::{Backoff, Dispatch, ErrorKind, JobId, QueueName, RetryConfig};
use journeyman::queue::{Codec, CodecError, JobRecord, State, Store};
use journeyman::worker::{Until, Worker, WorkerOptions};

use super::Rig;
use super::jobs::Fail;
use super::leases::{LEASE, kill_a_worker_under};
use crate::support::eventually;

/// Takes over the jobs of the dead, and runs none itself.
fn reaper(rig: &Rig) -> Worker {
    let queues = vec![super::queue("elsewhere")];
    rig.work(WorkerOptions { lease: LEASE, heartbeat: LEASE / 4, queues, ..rig.options() })
}

/// Kills a worker under the job, and waits until its death is stored.
async fn death(rig: &Rig, id: JobId, number: u32) -> JobRecord {
    kill_a_worker_under(rig, id, number.into()).await;
    eventually("the death is stored", async || rig.record(id).await.trail.crashes == number).await;
    rig.record(id).await
}

/// The death comes first: a `failed`, or a decoding, that kills its process would else never be counted.
#[tokio::test]
async fn p6_the_last_death_is_stored_before_failed_runs() {
    let rig = Rig::new();
    let id = rig.push(&Fail::new("fine", 0)).await;
    let reaper = reaper(&rig);
    for number in 1..=2 {
        assert_eq!(death(&rig, id, number).await.trail.doomed, None);
    }
    let record = death(&rig, id, 3).await;
    assert_eq!(record.trail.doomed.unwrap().kind(), ErrorKind::Crashed);
    assert!(!record.state.is_ended() && rig.diary.notes().is_empty(), "{:?}", rig.diary.notes());
    let worker = rig.start();
    let record = rig.until(id, State::Failed).await;
    assert_eq!((record.attempts, record.trail.doomed), (3, None));
    assert_eq!(rig.diary.notes().len(), 1, "only `failed`: {:?}", rig.diary.notes());
    worker.stop().await;
    reaper.stop().await;
}

#[tokio::test]
async fn p6_a_failed_that_kills_its_process_too_is_left_out_in_the_end() {
    let rig = Rig::new();
    let id = rig.push(&Fail::new("fine", 0)).await;
    let reaper = reaper(&rig);
    for number in 1..=3 {
        death(&rig, id, number).await;
    }
    let record = death(&rig, id, 4).await;
    assert!(!record.state.is_ended());
    let worker = rig.start();
    let record = rig.until(id, State::Failed).await;
    let (error, hook_error) = (record.trail.error.unwrap(), record.trail.failed_hook_error.unwrap());
    assert_eq!((error.kind(), hook_error.kind()), (ErrorKind::Crashed, ErrorKind::Crashed), "{hook_error}");
    assert!(error.message().starts_with("3 workers"), "{error}");
    assert!(rig.diary.notes().is_empty(), "{:?}", rig.diary.notes());
    worker.stop().await;
    reaper.stop().await;
}

/// R5, R48: another worker runs `failed`, and nothing but that.
#[tokio::test]
async fn r48_a_stop_while_failed_runs_lets_another_worker_run_it() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { grace: Duration::from_millis(20), ..rig.options() });
    let id = rig.push(&Fail::new("hang", 1)).await;
    rig.until_noted("failed: as told, fresh: true").await;
    worker.stop().await;
    let record = rig.record(id).await;
    assert_eq!((record.state, record.trail.doomed.unwrap().message()), (State::Pending, "as told"));
    assert_eq!(record.trail.finished_at, None);
    let worker = rig.start();
    let record = rig.until(id, State::Failed).await;
    assert_eq!((rig.diary.count("handled"), rig.diary.notes().len()), (1, 3), "{:?}", rig.diary.notes());
    assert_eq!((record.attempts, record.trail.history.len()), (1, 1));
    assert_eq!(record.trail.failed_hook_error.unwrap().kind(), ErrorKind::Timeout);
    worker.stop().await;
}

/// R15: a worker was long in coming.
#[tokio::test]
async fn r15_an_attempt_is_not_begun_once_the_budget_is_over() {
    let clock = Arc::new(ManualClock::default());
    let rig = Rig::with_clock(Arc::<ManualClock>::clone(&clock));
    let backoff = Backoff::fixed(Duration::from_secs(1));
    let retry = RetryConfig { timeout: Some(Duration::from_secs(5)), ..RetryConfig::from(backoff) };
    let id = rig.send(Dispatch::new(&Fail::new("fine", 9)).unwrap().retry(retry)).await;
    let until = Until { max_jobs: Some(1), ..Until::default() };
    let worker = rig.work(WorkerOptions { until, ..rig.options() });
    worker.finished().await;
    worker.stop().await;
    clock.advance(Duration::from_secs(6));
    let worker = rig.start();
    let record = rig.until(id, State::Failed).await;
    assert_eq!(record.trail.error.unwrap().kind(), ErrorKind::WouldExceedDeadline);
    assert_eq!((record.attempts, rig.diary.count("handled")), (2, 1));
    worker.stop().await;
}

/// A codec whose key this process does not have.
#[derive(Debug)]
struct Keyless;

impl Codec for Keyless {
    fn encode(&self, _: JobId, body: &Bytes) -> Bytes {
        body.clone()
    }

    fn decode(&self, _: JobId, _: &Bytes) -> Result<Bytes, CodecError> {
        Err(CodecError::MissingKey { key: "k9".into() })
    }
}

/// R58: who cannot read a job's options must not judge it by others.
#[tokio::test]
async fn r58_a_reaper_without_the_key_fails_no_job() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
    let rig = Rig::on(Arc::clone(&store));
    let id = rig.send(Dispatch::new(&Fail::new("fine", 0)).unwrap().max_tries(10)).await;
    let keyless = Rig::on(Arc::new(CodedStore::new(store, Arc::new(Keyless))));
    let reaper = reaper(&keyless);
    for number in 1..=2 {
        let record = death(&rig, id, number).await;
        assert!(!record.state.is_ended() && record.trail.doomed.is_none(), "{record:?}");
    }
    let record = death(&rig, id, 3).await;
    assert!(!record.state.is_ended(), "its `failed` and its callbacks are for those who can read them: {record:?}");
    let worker = rig.start();
    rig.until(id, State::Failed).await;
    assert_eq!(rig.diary.notes().len(), 1, "{:?}", rig.diary.notes());
    let stats = rig.store.stats(&[QueueName::default()]).await.unwrap();
    assert_eq!(stats[0].counters.failed, 1);
    worker.stop().await;
    reaper.stop().await;
}

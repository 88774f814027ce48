//! What a job gets and gives.

use journeyman::job::{DispatchError, Unique, prelude::*, registry};
use journeyman::queue::State;
use journeyman::worker::{Until, WorkerOptions};

use super::jobs::{Block, Hog, Introspect, Large, Later, Plain, Spawn, Write};
use super::{Rig, queue};
use crate::support::eventually;

fn write(text: &str) -> Write {
    Write { text: text.into() }
}

/// R1: what a job that says nothing means.
#[test]
fn r1_every_method_but_handle_has_its_documented_default() {
    let job = write("x");
    assert_eq!(job.max_tries(), 3);
    assert_eq!(job.timeout(), Duration::from_secs(60));
    assert_eq!(job.retry_after(), Duration::ZERO);
    assert_eq!(job.queue(), "default");
    assert_eq!(job.priority(), None);
    assert_eq!((job.backoff(), job.retry_for()), (None, None));
    assert!(job.tags().is_empty());
    assert_eq!((Introspect {}).max_tries(), 2);
}

/// R2: both forms are known by name; only the attribute's has a schema.
#[tokio::test]
async fn r2_the_plain_typetag_form_runs_too() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&Plain {}).await;
    rig.until(id, State::Completed).await;
    assert!(registry::knows("worker.plain") && registry::find("worker.plain").is_none());
    assert!(registry::find("worker.write").is_some());
    assert_eq!(registry::check(), Ok(()));
    worker.stop().await;
}

/// R4: the context is that of this attempt, and the idempotency key that of the job.
#[tokio::test]
async fn r4_the_context_tells_of_each_attempt_and_keeps_its_key() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.send(Dispatch::new(&Introspect {}).unwrap().on_queue(queue("default"))).await;
    rig.until(id, State::Completed).await;
    let expected = [format!("key {id}"), format!("{id} default 1/2"), format!("key {id}"), format!("{id} default 2/2")];
    assert_eq!(rig.diary.notes(), expected);
    worker.stop().await;
}

/// R4: a job dispatches further jobs.
#[tokio::test]
async fn r4_a_job_can_dispatch_another() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&Spawn {}).await;
    rig.until_noted("from a job").await;
    let record = rig.until(id, State::Completed).await;
    let child = record.trail.result.unwrap().decode().unwrap();
    rig.until(child, State::Completed).await;
    worker.stop().await;
}

/// R6: what `handle` returns is kept.
#[tokio::test]
async fn r6_a_result_is_kept_up_to_its_limit() {
    let rig = Rig::new();
    let worker = rig.start();
    let limit = journeyman::queue::limits::RESULT;
    let fits = rig.push(&Large { bytes: limit }).await;
    let record = rig.until(fits, State::Completed).await;
    assert_eq!(record.trail.result.unwrap().get().len(), limit);
    let too_large = rig.push(&Large { bytes: limit + 1 }).await;
    let record = rig.until(too_large, State::Failed).await;
    assert!(record.trail.error.unwrap().message().contains("bytes of JSON"));
    assert_eq!(record.attempts, 1, "its work is done; doing it again would not make the result smaller");
    worker.stop().await;
}

/// R7: the blocking lane has so many threads and no more, and the async threads stay free.
#[tokio::test]
async fn r7_blocking_jobs_share_a_bounded_pool_off_the_async_threads() {
    let rig = Rig::new();
    let worker = rig.work(WorkerOptions { slots: 20, thread_pool_size: 2, ..rig.options() });
    for _ in 0..6 {
        rig.push(&Block { millis: 150 }).await;
    }
    eventually("two threads are busy", async || worker.pool().utilization() == 100.0).await;
    // This test's runtime has a single thread: were the jobs on it, the next line would not run in between.
    let quick = rig.push(&write("quick")).await;
    rig.until(quick, State::Completed).await;
    assert!(rig.diary.count("blocked") < 6, "the blocking jobs were over before an async one could run");
    eventually("all six", async || rig.diary.count("blocked") == 6).await;
    assert_eq!(rig.diary.most_at_once(), 2);
    worker.stop().await;
}

/// Store rule 11: the heartbeat has a thread of its own.
#[tokio::test]
async fn a_job_that_hogs_every_async_thread_keeps_its_lease() {
    let rig = Rig::new();
    let worker = rig.start();
    let store = std::sync::Arc::clone(&rig.store);
    let thief = journeyman::queue::WorkerId::new("thief").unwrap();
    let id = rig.push(&Hog { millis: 2500 }).await;
    // The thief asks from a thread of its own: this runtime is hogged.
    let stolen = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut stolen = 0;
            for n in 0..120 {
                let request = journeyman::queue::ReserveRequest {
                    order: journeyman::job::Priority::DESCENDING,
                    worker: &thief,
                    queues: &[],
                    max: 10,
                    lease: Duration::from_secs(1),
                    call: journeyman::queue::CallId(n),
                    is_repeat: false,
                };
                stolen += store.reclaim(&request).await.unwrap().len();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            stolen
        })
    });
    let record = rig.until(id, State::Completed).await;
    assert_eq!(record.attempts, 1);
    assert_eq!(stolen.join().unwrap(), 0);
    worker.stop().await;
}

/// R17, P9: with one slot, by priority and then first in, first out, over all queues.
#[tokio::test]
async fn r17_one_slot_runs_by_priority_then_queue_then_age() {
    let rig = Rig::new();
    for (text, name, priority) in [
        ("d1", "default", Priority::Normal),
        ("d2", "default", Priority::Normal),
        ("e1", "emails", Priority::Normal),
        ("low", "emails", Priority::Low),
        ("critical", "default", Priority::Critical),
        ("high", "emails", Priority::High),
    ] {
        rig.send(Dispatch::new(&write(text)).unwrap().on_queue(queue(name)).priority(priority)).await;
    }
    let queues = vec![queue("emails"), queue("default")];
    let until = Until { empty: true, ..Until::default() };
    let worker = rig.work(WorkerOptions { slots: 1, queues, until, ..rig.options() });
    worker.finished().await;
    worker.stop().await;
    assert_eq!(rig.diary.notes(), ["critical", "high", "e1", "d1", "d2", "low"]);
}

/// A snooze does not count, a release does.
#[tokio::test]
async fn a_snooze_is_refunded_and_a_release_counts() {
    for (release, attempts) in [(false, 1), (true, 3)] {
        let rig = Rig::new();
        let worker = rig.start();
        let id = rig.push(&Later { release }).await;
        let record = rig.until(id, State::Completed).await;
        assert_eq!((record.attempts, rig.diary.count("later")), (attempts, 3), "release: {release}");
        worker.stop().await;
    }
}

/// Tags, tries and the rest are frozen at dispatch: the record says what the caller said.
#[tokio::test]
async fn r21_options_are_frozen_at_dispatch() {
    let rig = Rig::new();
    let dispatch = Dispatch::new(&write("x")).unwrap().max_tries(9).tag("blue").priority(Priority::High);
    let record = rig.record(rig.send(dispatch).await).await;
    let body = journeyman::queue::Body::read(&record.body).unwrap();
    assert_eq!((body.options.max_tries, body.options.tags), (9, vec!["blue".to_owned()]));
    assert_eq!(record.priority, Priority::High);
}

/// A job with options that a store cannot hold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Immoderate {
    what: String,
}

#[job(name = "worker.immoderate")]
impl Job for Immoderate {
    async fn handle(&self, _: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }

    fn timeout(&self) -> Duration {
        if self.what == "timeout" { Duration::from_nanos(1) } else { Duration::ZERO }
    }

    fn retry_after(&self) -> Duration {
        if self.what == "retry_after" { Duration::MAX } else { Duration::ZERO }
    }

    fn retry_for(&self) -> Option<Duration> {
        (self.what == "retry_for").then_some(Duration::MAX)
    }

    fn backoff(&self) -> Option<Backoff> {
        let second = Duration::from_secs(1);
        match self.what.as_str() {
            "base" => Some(Backoff::exponential_with(f64::NAN, second, second)),
            "max_delay" => Some(Backoff::exponential_with(2.0, second, Duration::MAX)),
            "delays" => Some(Backoff::custom(vec![second; 101])),
            _ => None,
        }
    }

    fn tags(&self) -> Vec<String> {
        if self.what == "tags" { vec!["x".into(); 21] } else { Vec::new() }
    }

    fn unique(&self) -> Option<Unique> {
        (self.what == "unique").then(|| Unique::Key("x".repeat(256)))
    }
}

/// R1, R13: refused where the author sees it, not failed where nobody looks.
#[tokio::test]
async fn r1_options_of_the_jobs_own_are_held_to_the_same_limits_as_the_callers() {
    let rig = Rig::new();
    for what in ["timeout", "retry_after", "retry_for", "base", "max_delay", "delays", "tags", "unique"] {
        let refused = rig.manager.push(&Immoderate { what: what.into() }).await.unwrap_err();
        assert!(matches!(refused, DispatchError::Refused(_)), "{what}: {refused}");
    }
    rig.push(&Immoderate { what: "nothing".into() }).await;
    let tagged = Dispatch::new(&Immoderate { what: "tags".into() }).unwrap();
    assert!(rig.manager.send(tagged.tag("one more")).await.is_err());
}

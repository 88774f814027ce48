//! Storing jobs.

use std::time::Duration;

use journeyman::job::QueueName;
use journeyman::queue::{PushOutcome, Settlement, State, Unit};

use super::harness::Harness;
use super::jobs::{Building, Ids, QUEUE, job, job_on, queue, seconds};

const PENDING: PushOutcome = PushOutcome::Stored { delayed: false };
const DELAYED: PushOutcome = PushOutcome::Stored { delayed: true };

/// R32, P1: an acknowledged job is there, with all that was said about it.
pub async fn a_pushed_job_is_pending(h: &Harness) {
    let job = job();
    assert_eq!(h.put(std::slice::from_ref(&job)).await, [PENDING]);
    let record = h.record(job.id()).await;
    assert_eq!(record.state, State::Pending);
    assert_eq!((record.attempts, record.started_at), (0, None));
    assert_eq!((record.created_at, record.available_at), (h.now(), h.now()));
    assert_eq!((record.queue, record.body), (job.envelope.queue, job.envelope.body));
}

/// R19, P10: the delay begins when the store takes the job.
pub async fn a_job_delayed_by_a_duration_waits_for_it(h: &Harness) {
    let job = job().after(Duration::from_micros(90_000_001));
    assert_eq!(h.put(std::slice::from_ref(&job)).await, [DELAYED]);
    let record = h.record(job.id()).await;
    assert_eq!(record.state, State::Delayed);
    assert_eq!(record.created_at, h.now());
    assert_eq!(record.available_at, h.now().plus(Duration::from_micros(90_000_001)));
    assert!(h.reserve(1).await.is_empty());
    h.advance(seconds(91));
    assert_eq!(h.reserve(1).await.ids(), [job.id()]);
}

/// R19: `run_at`.
pub async fn a_job_for_a_time_waits_for_it(h: &Harness) {
    let time = h.now().plus(seconds(3600));
    let job = job().at(time);
    assert_eq!(h.put(std::slice::from_ref(&job)).await, [DELAYED]);
    assert_eq!(h.record(job.id()).await.available_at, time);
    h.advance(seconds(3600));
    assert_eq!(h.reserve(1).await.ids(), [job.id()]);
}

/// R19: such a job is available from when it was stored, not from before that.
pub async fn a_time_in_the_past_is_now(h: &Harness) {
    let past = job().at(h.now().minus(seconds(60)));
    let present = job().at(h.now());
    assert_eq!(h.put(&[past.clone(), present.clone()]).await, [PENDING, PENDING]);
    assert_eq!(h.record(past.id()).await.available_at, h.now());
    assert_eq!(h.reserve(2).await.ids(), [past.id(), present.id()]);
}

/// R19
pub async fn a_delay_of_nothing_is_now(h: &Harness) {
    assert_eq!(h.put(&[job().after(Duration::ZERO)]).await, [PENDING]);
    assert_eq!(h.stats().await.delayed, 0);
}

/// R24, S5: a push whose answer was lost can be repeated.
pub async fn the_same_push_twice_stores_one_job(h: &Harness) {
    let batch = [job(), job().after(seconds(60)), job()];
    h.stored(&batch).await;
    let before = h.everything().await;
    assert_eq!(h.put(&batch).await, [PushOutcome::Repeated; 3]);
    assert_eq!(h.everything().await, before);
    assert_eq!(h.reserve(9).await.ids(), [batch[0].id(), batch[2].id()]);
}

/// R24: a group commit may carry a request and its repetition.
pub async fn the_same_job_twice_in_one_push_is_stored_once(h: &Harness) {
    let job = job();
    assert_eq!(h.put(&[job.clone(), job]).await, [PENDING, PushOutcome::Repeated]);
    assert_eq!(h.reserve(9).await.len(), 1);
}

/// R24, P5
pub async fn a_repeated_push_leaves_a_job_that_runs_alone(h: &Harness) {
    let job = job();
    h.push_one(job.clone()).await;
    let held = h.take().await;
    assert_eq!(h.put(&[job]).await, [PushOutcome::Repeated]);
    assert!(h.reserve(9).await.is_empty());
    h.done(&held, Settlement::Complete).await;
}

/// R24, P5
pub async fn a_repeated_push_does_not_run_an_ended_job_again(h: &Harness) {
    let job = job();
    h.push_one(job.clone()).await;
    h.done(&h.take().await, Settlement::Complete).await;
    assert_eq!(h.put(std::slice::from_ref(&job)).await, [PushOutcome::Repeated]);
    assert_eq!(h.state(job.id()).await, State::Completed);
    assert!(h.reserve(9).await.is_empty());
}

/// R24: id and body alone decide; when it runs was settled the first time.
pub async fn a_repeated_push_with_another_delay_moves_nothing(h: &Harness) {
    let first = job();
    h.push_one(first.clone()).await;
    assert_eq!(h.put(&[first.clone().after(seconds(60))]).await, [PushOutcome::Repeated]);
    assert_eq!(h.state(first.id()).await, State::Pending);
}

/// R24
pub async fn the_same_id_with_another_body_is_a_conflict(h: &Harness) {
    let first = job();
    h.push_one(first.clone()).await;
    let before = h.everything().await;
    for other in ["", "{}", r#"{"type":"noop","data":{},"v":1}"#] {
        assert_eq!(h.put(&[first.clone().body(other)]).await, [PushOutcome::Conflict], "{other}");
    }
    assert_eq!(h.everything().await, before);
}

/// R24: pushes of several callers travel together, so one's conflict is not the others'.
pub async fn a_conflict_does_not_stop_the_others(h: &Harness) {
    let known = job();
    h.push_one(known.clone()).await;
    let (before, after) = (job(), job());
    let outcomes = h.put(&[before.clone(), known.clone().body("other"), after.clone()]).await;
    assert_eq!(outcomes, [PENDING, PushOutcome::Conflict, PENDING]);
    assert_eq!(h.reserve(9).await.ids(), [known.id(), before.id(), after.id()]);
}

/// R22: one outcome per job, in the order of the jobs.
pub async fn a_push_over_several_queues_answers_in_order(h: &Harness) {
    let known = job_on("b");
    h.push_one(known.clone()).await;
    let batch = [job_on("c"), job_on("a").after(seconds(9)), known.clone(), job_on("c"), known.body("?"), job_on("a")];
    let outcomes = h.put(&batch).await;
    assert_eq!(outcomes, [PENDING, DELAYED, PushOutcome::Repeated, PENDING, PushOutcome::Conflict, PENDING]);
    assert_eq!(h.reserve_as("w", &["c"], 9).await.ids(), [batch[0].id(), batch[3].id()]);
    assert_eq!(h.reserve_as("w", &["a", "b"], 9).await.ids(), [batch[5].id(), batch[2].id()]);
}

/// R22
pub async fn an_empty_push_is_nothing(h: &Harness) {
    assert!(h.put(&[]).await.is_empty());
    assert_eq!(h.store.queues().await.unwrap(), Vec::<QueueName>::new());
}

/// R22, R40, P9: the largest bulk is one push.
pub async fn a_push_of_a_thousand_is_stored_in_order(h: &Harness) {
    let ids = h.push(1000).await;
    assert_eq!(h.stats().await.total_pending(), 1000);
    let mut taken = Vec::new();
    for _ in 0..4 {
        taken.extend(h.reserve(250).await.ids());
    }
    assert_eq!(taken, ids);
}

/// R24, S1: of several requests with one id, one stores.
pub async fn pushes_at_once_of_one_job_store_it_once(h: &Harness) {
    let job = job();
    let others = (0..8).map(|_| (h.store.clone(), job.clone()));
    let pushes =
        others.map(|(store, job)| tokio::spawn(async move { store.push(&[job], Unit::Queue).await.unwrap()[0] }));
    let pushes: Vec<_> = pushes.collect();
    let mut stored = 0;
    for push in pushes {
        match push.await.unwrap() {
            PushOutcome::Stored { .. } => stored += 1,
            outcome => assert_eq!(outcome, PushOutcome::Repeated),
        }
    }
    assert_eq!(stored, 1);
    assert_eq!(h.stats().await.counters.enqueued, 1);
    assert_eq!(h.put(std::slice::from_ref(&job)).await, [PushOutcome::Repeated]);
    assert_eq!(h.reserve(9).await.ids(), [job.id()]);
    h.adopt(&queue(QUEUE), job.id());
}

/// S6: no store reads a body.
pub async fn bodies_come_back_byte_for_byte(h: &Harness) {
    let bodies: &[&[u8]] = &[
        b"",
        b"[]",
        b"{}",
        br#"{"n":9007199254740993,"x":1e400,"empty":[],"o":{},"dup":1,"dup":2, "space" : [ ]}"#,
        "\u{1f9ea}\u{200d}\u{202e}\u{feff}e\u{301}\u{10ffff}\u{fffd}".as_bytes(),
        b"null",
        b"\x00\x00 a \x00",
        b"\xff\xfe\x80\xc0 not utf-8 \r\n\r\n$3\r\n",
        b"not json at all {",
        b"'; DROP TABLE queue_jobs; --",
    ];
    let batch: Vec<_> = bodies.iter().map(|body| job().body(*body)).collect();
    h.stored(&batch).await;
    let taken = h.reserve(100).await;
    for ((job, taken), body) in batch.iter().zip(&taken).zip(bodies) {
        assert_eq!(taken.body, *body);
        assert_eq!(h.record(job.id()).await.body, *body);
    }
    assert_eq!(taken.len(), bodies.len());
    assert_eq!(h.put(&batch).await, vec![PushOutcome::Repeated; bodies.len()], "compared byte for byte too");
}

/// S18: the largest payload goes through.
pub async fn a_body_of_a_mebibyte_comes_back(h: &Harness) {
    let bytes: Vec<u8> = (0..1024 * 1024_u32).map(|n| (n % 251) as u8).collect();
    let id = h.push_one(job().body(bytes.clone())).await;
    assert_eq!(h.record(id).await.body, bytes);
    assert_eq!(h.take().await.body, bytes);
}

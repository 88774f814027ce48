//! Reading: records, numbers, and the store about itself.

use journeyman::job::ErrorKind;
use journeyman::job::Priority::{Critical, High, Low};
use journeyman::queue::{Counted, Counters, JobRecord, QueueStats, Settle, Settlement, State, Trail};

use super::harness::{Harness, WORKER, ending, fail, release, snooze};
use super::jobs::{Building, Ids, QUEUE, job, job_on, queue, queues, seconds};

/// R31: every field, through a life of delay, a failed attempt, a snooze and a good end.
pub async fn a_record_tells_all_in_every_state(h: &Harness) {
    let new = job().priority(High).after(seconds(10));
    let id = h.push_one(new.clone()).await;
    let mut expected = JobRecord {
        id,
        queue: queue(QUEUE),
        priority: High,
        state: State::Delayed,
        attempts: 0,
        body: new.envelope.body,
        created_at: h.now(),
        available_at: h.now().plus(seconds(10)),
        started_at: None,
        worker: None,
        trail: Trail::default(),
    };
    assert_eq!(h.record(id).await, expected);

    h.advance(seconds(11));
    h.store.promote(9).await.unwrap();
    expected.state = State::Pending;
    assert_eq!(h.record(id).await, expected);

    h.advance(seconds(1));
    let held = h.take().await;
    expected.state = State::Reserved;
    expected.attempts = 1;
    expected.started_at = Some(h.now());
    expected.worker = Some(WORKER.into());
    assert_eq!(h.record(id).await, expected);

    h.advance(seconds(1));
    expected.trail = Trail { requeues: 3, ..Trail::default() };
    h.settle_all(&[Settle { trail: expected.trail.encode(), ..ending(&held, snooze(5)) }]).await;
    expected.state = State::Delayed;
    expected.attempts = 0;
    expected.worker = None;
    expected.available_at = h.now().plus(seconds(5));
    assert_eq!(h.record(id).await, expected);

    h.advance(seconds(6));
    let held = h.take_as("other").await;
    expected.state = State::Reserved;
    expected.attempts = 1;
    expected.started_at = Some(h.now());
    expected.worker = Some("other".into());
    assert_eq!(h.record(id).await, expected);

    h.advance(seconds(1));
    h.done(&held, Settlement::Complete).await;
    expected.state = State::Completed;
    expected.worker = None;
    assert_eq!(h.record(id).await, expected);
}

/// R31: when its last attempt began stays known after the end.
pub async fn an_ended_job_keeps_when_it_started(h: &Harness) {
    for how in [Settlement::Complete, fail(ErrorKind::Fatal), Settlement::Cancel] {
        let held = h.held().await;
        h.advance(seconds(3));
        h.done(&held, how).await;
        h.advance(seconds(3));
        assert_eq!(h.record(held.reservation.job).await.started_at, Some(held.reserved_at));
    }
}

/// R31: a job given back unused shows when it was last in someone's hands.
pub async fn a_job_given_back_keeps_when_it_started(h: &Harness) {
    let held = h.held().await;
    h.advance(seconds(3));
    h.done(&held, Settlement::Requeue).await;
    let record = h.record(held.reservation.job).await;
    assert_eq!((record.started_at, record.attempts), (Some(held.reserved_at), 0));
}

/// R39: every number after a history of everything.
pub async fn the_numbers_add_up(h: &Harness) {
    let batch: Vec<_> = [Low, Critical, High, High, Critical, Low, Low].map(|p| job().priority(p)).into();
    h.stored(&batch).await;
    h.push_delayed(100).await;
    h.push(2).await;
    assert_eq!(h.stats().await.pending, [3, 2, 2, 2]);
    // Critical, critical, high, high, normal, normal, then the first low one.
    let held = h.reserve(7).await;
    let endings = [
        Settlement::Complete,
        fail(ErrorKind::Timeout),
        release(50),
        release(0),
        Settlement::Cancel,
        fail(ErrorKind::Undecodable),
    ];
    let batch: Vec<Settle> = held.iter().zip(endings).map(|(job, how)| ending(job, how)).collect();
    let batch: Vec<Settle> = batch
        .into_iter()
        .enumerate()
        .map(|(n, settle)| Settle { counted: (n == 1 || n == 2).then_some(Counted::Timeout), ..settle })
        .collect();
    h.settle_all(&batch).await;
    let expected = QueueStats {
        queue: queue(QUEUE),
        pending: [2, 0, 1, 0],
        delayed: 2,
        reserved: 1,
        completed: 1,
        failed: 2,
        cancelled: 1,
        system_errors: 1,
        counters: Counters {
            enqueued: 10,
            processed: 3,
            failed: 2,
            retried: 2,
            timeouts: 2,
            thread_pool_exhaustion: 0,
        },
    };
    assert_eq!(h.stats().await, expected);
}

/// R39
pub async fn the_numbers_of_a_queue_never_pushed_to_are_zero(h: &Harness) {
    h.push(1).await;
    assert_eq!(h.stats_of("never-pushed").await, QueueStats::empty(queue("never-pushed")));
    assert_eq!(h.store.queues().await.unwrap(), queues(&[QUEUE]));
}

/// R39
pub async fn numbers_come_in_the_order_asked(h: &Harness) {
    h.push_to("a", 1).await;
    h.push_to("b", 2).await;
    let names = queues(&["b", "never-pushed", "a"]);
    let stats = h.store.stats(&names).await.unwrap();
    let told: Vec<_> = stats.iter().map(|stats| (stats.queue.clone(), stats.size())).collect();
    assert_eq!(told, names.into_iter().zip([2, 0, 1]).collect::<Vec<_>>());
    assert!(h.store.stats(&[]).await.unwrap().is_empty());
}

/// R18, R39: by name, each once, and for good: an emptied queue is still one.
pub async fn queues_are_listed_by_name(h: &Harness) {
    for name in ["zeta", "alpha", "10", "9", "Beta", "alpha", "a.b", "a-b"] {
        h.push_to(name, 1).await;
    }
    let held = h.reserve_as(WORKER, &["9"], 1).await;
    h.done(&held[0], Settlement::Complete).await;
    let mut sorted = queues(&["zeta", "alpha", "10", "9", "Beta", "a.b", "a-b"]);
    sorted.sort();
    assert_eq!(h.store.queues().await.unwrap(), sorted);
}

/// R32, R33: what one process does, another sees.
pub async fn another_handle_sees_the_same_jobs(h: &Harness) {
    let other = h.second().await;
    let ids = h.push(2).await;
    let found = other.find(ids[0]).await.unwrap();
    assert_eq!(found, h.find(ids[0]).await);
    let stats = other.stats(&queues(&[QUEUE])).await.unwrap();
    assert_eq!(stats, [h.stats().await]);
    let held = h.reserve(2).await;
    assert_eq!(held.ids(), ids);
    let settled = other.settle(&[ending(&held[0], Settlement::Complete)]).await.unwrap();
    assert_eq!(settled, [journeyman::queue::Settled::Done]);
    assert_eq!(h.state(ids[0]).await, State::Completed);
    h.push_one(job_on("other")).await;
    assert_eq!(other.queues().await.unwrap(), queues(&[QUEUE, "other"]));
}

/// R36
pub async fn the_store_answers_and_says_how_safe_it_is(h: &Harness) {
    h.store.ping().await.unwrap();
    assert!(!h.store.durability().await.unwrap().trim().is_empty());
}

/// P10: the store's clock is the one that decides.
pub async fn the_store_tells_its_own_time(h: &Harness) {
    assert_eq!(h.store.time().await, Ok(h.now()));
    h.advance(seconds(5));
    assert_eq!(h.store.time().await, Ok(h.now()));
}

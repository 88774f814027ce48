//! Taking jobs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use journeyman::job::Priority::{Critical, High, Low, Normal};
use journeyman::queue::{CallId, ReserveRequest, Settlement, State};
use tokio::sync::Barrier;

use super::harness::{Harness, LEASE, WORKER, release, worker_id};
use super::jobs::{Building, Ids, QUEUE, job, job_on, queues, seconds};

/// P9
pub async fn jobs_come_out_in_the_order_they_went_in(h: &Harness) {
    let mut pushed = Vec::new();
    for count in [1, 3, 1, 5] {
        pushed.extend(h.push(count).await);
    }
    let mut taken = Vec::new();
    for max in [2, 1, 4, 9] {
        taken.extend(h.reserve(max).await.ids());
    }
    assert_eq!(taken, pushed);
}

/// P9: ids say when they were made, and pushes of several processes may cross.
pub async fn the_push_decides_the_order_not_the_ids(h: &Harness) {
    let (made_first, made_second) = (job(), job());
    let ids = [h.push_one(made_second).await, h.push_one(made_first).await];
    assert!(ids[0] > ids[1]);
    assert_eq!(h.reserve(9).await.ids(), ids);
}

/// R16, R17
pub async fn the_more_urgent_job_goes_first(h: &Harness) {
    let batch = [Normal, Low, Critical, High, Critical].map(|priority| job().priority(priority));
    let ids = h.stored(&batch).await;
    assert_eq!(h.stats().await.pending, [1, 1, 1, 2]);
    let taken = h.reserve(9).await;
    assert_eq!(taken.ids(), [2, 4, 3, 0, 1].map(|index| ids[index]));
    let priorities: Vec<_> = taken.iter().map(|job| job.reservation.priority).collect();
    assert_eq!(priorities, [Critical, Critical, High, Normal, Low]);
}

/// R17: a later queue's urgent job goes before an earlier queue's normal one, one at a time as well as together.
pub async fn priority_rules_across_queues(h: &Harness) {
    for max in [1, 9] {
        let batch = [
            job_on("first").priority(Low),
            job_on("first").priority(High),
            job_on("second").priority(High),
            job_on("second").priority(Critical),
            job_on("first"),
        ];
        let ids = h.stored(&batch).await;
        let mut taken = Vec::new();
        while taken.len() < ids.len() {
            taken.extend(h.reserve_as(WORKER, &["first", "second"], max).await.ids());
        }
        assert_eq!(taken, [3, 1, 2, 4, 0].map(|index| ids[index]), "{max} at a time");
    }
}

/// R17
pub async fn among_equals_the_earlier_queue_goes_first(h: &Harness) {
    let later = h.push_to("alpha", 2).await;
    let earlier = h.push_to("omega", 2).await;
    let taken = h.reserve_as(WORKER, &["omega", "alpha"], 3).await;
    assert_eq!(taken.ids(), [earlier[0], earlier[1], later[0]]);
}

/// R17, P9: max cuts the order off, it does not change it.
pub async fn each_priority_keeps_its_order_across_a_batch(h: &Harness) {
    let batch: Vec<_> = (0..12).map(|n| job().priority([Low, High, Normal][n % 3])).collect();
    let ids = h.stored(&batch).await;
    let expected: Vec<_> = [1, 2, 0].iter().flat_map(|first| ids.iter().skip(*first).step_by(3).copied()).collect();
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.extend(h.reserve(5).await.ids());
    }
    assert_eq!(taken, expected);
}

/// R32
pub async fn at_most_max_are_taken(h: &Harness) {
    h.push_to("a", 3).await;
    h.push_to("b", 3).await;
    assert_eq!(h.reserve_as(WORKER, &["a", "b"], 4).await.len(), 4);
    assert_eq!(h.reserve_as(WORKER, &["a", "b"], 4).await.len(), 2);
}

/// R32
pub async fn a_max_of_nothing_takes_nothing(h: &Harness) {
    h.push(1).await;
    assert!(h.reserve(0).await.is_empty());
    assert_eq!(h.stats().await.reserved, 0);
}

/// R18: asking does not create a queue.
pub async fn an_empty_queue_gives_nothing(h: &Harness) {
    let answer = h.ask(WORKER, &["never-pushed"], 9, h.call(), false).await;
    assert!(answer.jobs.is_empty());
    assert_eq!(answer.next_due, None);
    assert!(h.store.queues().await.unwrap().is_empty());
}

/// R32
pub async fn no_queues_give_nothing(h: &Harness) {
    h.push(1).await;
    assert!(h.reserve_as(WORKER, &[], 9).await.is_empty());
}

/// R18
pub async fn other_queues_are_left_alone(h: &Harness) {
    let urgent = h.push_one(job_on("other").priority(Critical)).await;
    let ids = h.push(1).await;
    assert_eq!(h.reserve(9).await.ids(), ids);
    assert_eq!(h.state(urgent).await, State::Pending);
}

/// P5
pub async fn a_reserved_job_is_not_handed_out_again(h: &Harness) {
    h.push(2).await;
    assert_eq!(h.reserve(9).await.len(), 2);
    assert!(h.reserve(9).await.is_empty());
    assert!(h.reserve_as("other", &[QUEUE], 9).await.is_empty());
}

/// S3, S9: the attempt counts when it begins, so a crash still costs a try.
pub async fn a_reserve_counts_an_attempt_and_puts_it_in_the_token(h: &Harness) {
    h.push(1).await;
    for attempt in 1..=3 {
        let call = h.call();
        let taken = h.ask(WORKER, &[QUEUE], 1, call, false).await.jobs;
        let reservation = &taken[0].reservation;
        assert_eq!((reservation.token.attempt, reservation.token.call), (attempt, call));
        assert_eq!((reservation.worker.as_str(), reservation.queue.as_str()), (WORKER, QUEUE));
        assert_eq!(h.record(reservation.job).await.attempts, attempt);
        h.done(&taken[0], release(0)).await;
    }
}

/// P10: workers count from the store's time.
pub async fn the_time_of_the_reserve_is_told(h: &Harness) {
    h.push(1).await;
    h.advance(Duration::from_micros(12_345_678));
    let taken = h.take().await;
    assert_eq!(taken.reserved_at, h.now());
    assert_eq!(h.record(taken.reservation.job).await.started_at, Some(h.now()));
}

/// R31
pub async fn a_fresh_job_has_no_trail(h: &Harness) {
    assert_eq!(h.held().await.trail, "");
}

/// R19, P10: an idle worker knows how long it may sleep.
pub async fn the_time_to_the_next_due_job_is_told(h: &Harness) {
    assert_eq!(h.next_due().await, None);
    h.push_delayed(50).await;
    h.push_delayed(20).await;
    h.push_one(job_on("other").after(seconds(15))).await;
    assert_eq!(h.next_due().await, Some(seconds(20)));
    let of_both = h.ask(WORKER, &[QUEUE, "other"], 0, h.call(), false).await;
    assert_eq!(of_both.next_due, Some(seconds(15)));
    h.advance(Duration::from_micros(5_000_001));
    assert_eq!(h.next_due().await, Some(Duration::from_micros(14_999_999)));
    h.advance(seconds(15));
    assert_eq!(h.reserve(1).await.len(), 1);
    assert_eq!(h.next_due().await, Some(Duration::from_micros(29_999_999)));
}

/// R19: the promoter may be late.
pub async fn due_jobs_come_along_without_promotion(h: &Harness) {
    let (late, early) = (h.push_delayed(20).await, h.push_delayed(10).await);
    let never = h.push_delayed(99).await;
    h.advance(seconds(20));
    assert_eq!(h.reserve(9).await.ids(), [early, late]);
    assert_eq!(h.state(never).await, State::Delayed);
}

/// R19, P10: not a microsecond, whatever the machine's own clock says.
pub async fn a_delayed_job_never_comes_early(h: &Harness) {
    let id = h.push_delayed(10).await;
    h.advance(seconds(10) - Duration::from_micros(1));
    assert!(h.reserve(9).await.is_empty());
    assert_eq!(h.state(id).await, State::Delayed);
    h.advance(Duration::from_micros(1));
    assert_eq!(h.reserve(9).await.ids(), [id]);
}

/// R17, R19
pub async fn due_jobs_keep_to_priority(h: &Harness) {
    let normal = h.push(1).await[0];
    let low = h.push_one(job().priority(Low).after(seconds(1))).await;
    let high = h.push_one(job().priority(High).after(seconds(2))).await;
    h.advance(seconds(3));
    assert_eq!(h.reserve(9).await.ids(), [high, normal, low]);
}

/// S3, S5: a call whose answer was lost is repeated under its name.
pub async fn a_repeated_call_returns_what_the_first_took(h: &Harness) {
    h.push_to("a", 2).await;
    h.push_to("b", 2).await;
    let call = h.call();
    let first = h.ask(WORKER, &["a", "b"], 3, call, false).await.jobs;
    assert_eq!(first.len(), 3);
    h.advance(seconds(2));
    for _ in 0..2 {
        let mut again = h.ask(WORKER, &["a", "b"], 3, call, true).await.jobs;
        again.sort_by_key(|job| first.ids().iter().position(|id| *id == job.reservation.job));
        assert_eq!(again, first);
    }
}

/// S5: the first call may have found less than now waits.
pub async fn a_repeated_call_takes_no_more_than_the_first_took(h: &Harness) {
    let ids = h.push(2).await;
    let call = h.call();
    h.ask(WORKER, &[QUEUE], 9, call, false).await;
    h.push(5).await;
    assert_eq!(h.ask(WORKER, &[QUEUE], 9, call, true).await.jobs.ids(), ids);
    assert_eq!(h.stats().await.total_pending(), 5);
}

/// S5: a call that never arrived took nothing either.
pub async fn a_repeated_call_after_nothing_is_a_fresh_one(h: &Harness) {
    let call = h.call();
    assert!(h.ask(WORKER, &[QUEUE], 2, call, false).await.jobs.is_empty());
    let ids = h.push(3).await;
    assert_eq!(h.ask(WORKER, &[QUEUE], 2, call, true).await.jobs.ids(), ids[..2]);
    assert_eq!(h.ask(WORKER, &[QUEUE], 2, h.call(), true).await.jobs.ids(), ids[2..]);
}

/// S5, S9
pub async fn a_repeated_call_counts_no_attempt(h: &Harness) {
    let id = h.push(1).await[0];
    let call = h.call();
    h.ask(WORKER, &[QUEUE], 1, call, false).await;
    let again = h.ask(WORKER, &[QUEUE], 1, call, true).await.jobs;
    assert_eq!(again[0].reservation.token.attempt, 1);
    assert_eq!(h.record(id).await.attempts, 1);
    h.done(&again[0], Settlement::Complete).await;
}

/// S5, P4: call names are random, but a worker's own.
pub async fn another_workers_call_is_not_repeated(h: &Harness) {
    let ids = h.push(2).await;
    let call = h.call();
    assert_eq!(h.ask(WORKER, &[QUEUE], 1, call, false).await.jobs.ids(), ids[..1]);
    assert_eq!(h.ask("other", &[QUEUE], 1, call, true).await.jobs.ids(), ids[1..]);
}

/// P5, S1: eight workers, a thousand jobs, each exactly once.
pub async fn workers_at_once_never_share_a_job(h: &Harness) {
    let ids = h.push(1000).await;
    let start = Arc::new(Barrier::new(8));
    let workers = (0..8_u64).map(|number| {
        let (store, start) = (h.store.clone(), Arc::clone(&start));
        tokio::spawn(async move {
            let (worker, queues) = (worker_id(&format!("w{number}")), queues(&[QUEUE]));
            let mut taken = Vec::new();
            start.wait().await;
            for turn in 0..2000 {
                let (call, max) = (CallId(number << 32 | turn), 1 + (turn as usize % 20));
                let request = ReserveRequest {
                    worker: &worker,
                    queues: &queues,
                    order: journeyman::job::Priority::DESCENDING,
                    max,
                    lease: LEASE,
                    call,
                    is_repeat: false,
                };
                match store.reserve(&request).await.unwrap().jobs {
                    jobs if jobs.is_empty() => break,
                    jobs => taken.extend(jobs.ids()),
                }
            }
            taken
        })
    });
    let workers: Vec<_> = workers.collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    assert_eq!(all.len(), 1000, "none twice");
    assert_eq!(all.into_iter().collect::<HashSet<_>>(), ids.into_iter().collect());
}

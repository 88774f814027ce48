//! Ending attempts.

use std::sync::Arc;

use journeyman::job::ErrorKind;
use journeyman::job::Priority::{High, Low};
use journeyman::queue::{AttemptEntry, Counted, Settle, Settled, Settlement, State, Trail};
use tokio::sync::Barrier;

use super::harness::{Harness, WORKER, ending, fail, release, snooze, with_trail};
use super::jobs::{Building, Ids, QUEUE, job, seconds};

/// Every way to settle, with where it leads.
pub fn every_settlement() -> [(Settlement, State); 8] {
    [
        (Settlement::Complete, State::Completed),
        (release(0), State::Pending),
        (release(60), State::Delayed),
        (snooze(0), State::Pending),
        (snooze(60), State::Delayed),
        (fail(ErrorKind::Fatal), State::Failed),
        (Settlement::Cancel, State::Cancelled),
        (Settlement::Requeue, State::Pending),
    ]
}

/// P1: to each settlement its state, and out of its holder's hands.
pub async fn each_settlement_leads_to_its_state(h: &Harness) {
    for (settlement, state) in every_settlement() {
        let id = h.push_one(job().priority(High)).await;
        let held = h.take().await;
        assert_eq!(held.reservation.job, id, "{settlement:?}");
        h.done(&held, settlement.clone()).await;
        let record = h.record(id).await;
        assert_eq!((record.state, record.worker), (state, None), "{settlement:?}");
        assert!(h.beat(WORKER, &[]).await.unknown.is_empty());
        if state == State::Pending {
            h.done(&h.take().await, Settlement::Complete).await;
        }
    }
    assert_eq!(h.stats().await.reserved, 0);
}

/// R39: `processed` is what ran to an end, `failed` those that ended badly, `retried` what gets another try. A snooze, a
/// requeue and a cancellation are none of these.
pub async fn each_settlement_counts_where_it_should(h: &Harness) {
    let counted = [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0]];
    for (number, ((settlement, _), expected)) in every_settlement().into_iter().zip(counted).enumerate() {
        let name = format!("queue-{number}");
        h.push_to(&name, 1).await;
        let held = h.reserve_as(WORKER, &[&name], 1).await;
        h.done(&held[0], settlement.clone()).await;
        let counters = h.stats_of(&name).await.counters;
        assert_eq!([counters.processed, counters.failed, counters.retried], expected, "{settlement:?}");
        assert_eq!((counters.enqueued, counters.timeouts), (1, 0), "{settlement:?}");
    }
}

/// S9: only a return unused gives the attempt back.
pub async fn each_settlement_keeps_or_refunds_the_attempt(h: &Harness) {
    for (settlement, _) in every_settlement() {
        let id = h.push_one(job().priority(High)).await;
        let held = h.take().await;
        h.done(&held, settlement.clone()).await;
        let is_refund = matches!(settlement, Settlement::Snooze { .. } | Settlement::Requeue);
        assert_eq!(h.record(id).await.attempts, u32::from(!is_refund), "{settlement:?}");
        for left in h.reserve(9).await {
            assert_eq!(left.reservation.token.attempt, if is_refund { 1 } else { 2 }, "{settlement:?}");
            h.done(&left, Settlement::Complete).await;
        }
    }
}

/// P1
pub async fn an_ended_job_is_not_handed_out_again(h: &Harness) {
    for settlement in [Settlement::Complete, fail(ErrorKind::Error), Settlement::Cancel] {
        let held = h.held().await;
        h.done(&held, settlement).await;
    }
    h.outlive_leases();
    assert!(h.reserve(9).await.is_empty());
    assert!(h.reclaim("reaper").await.is_empty());
    assert_eq!(h.store.promote(9).await.unwrap(), 0);
}

/// R1, P9
pub async fn a_release_without_delay_goes_to_the_back(h: &Harness) {
    let ids = h.push(3).await;
    h.done(&h.take().await, release(0)).await;
    assert_eq!(h.reserve(9).await.ids(), [ids[1], ids[2], ids[0]]);
}

/// R13, P10: counted from the settle, by the store's clock.
pub async fn a_release_with_a_delay_is_due_exactly_then(h: &Harness) {
    let held = h.held().await;
    h.advance(seconds(7));
    h.done(&held, release(10)).await;
    assert_eq!(h.record(held.reservation.job).await.available_at, h.now().plus(seconds(10)));
    assert_eq!(h.next_due().await, Some(seconds(10)));
    h.advance(seconds(9));
    assert!(h.reserve(9).await.is_empty());
    h.advance(seconds(1));
    assert_eq!(h.take().await.reservation.token.attempt, 2);
}

/// R8
pub async fn a_snoozed_job_is_due_exactly_then(h: &Harness) {
    let held = h.held().await;
    h.done(&held, snooze(10)).await;
    assert_eq!(h.record(held.reservation.job).await.available_at, h.now().plus(seconds(10)));
    h.advance(seconds(10));
    assert_eq!(h.take().await.reservation.token.attempt, 1);
}

/// R48, P11: what a worker gives back goes next.
pub async fn a_requeued_job_goes_to_the_front(h: &Harness) {
    let ids = h.push(3).await;
    h.done(&h.take().await, Settlement::Requeue).await;
    assert_eq!(h.reserve(9).await.ids(), ids);
}

/// R48, P9: a worker that gives back all it holds does not reverse them.
pub async fn jobs_requeued_together_keep_their_order(h: &Harness) {
    let ids = h.push(6).await;
    let held = h.reserve(4).await;
    let batch: Vec<Settle> = held.iter().map(|job| ending(job, Settlement::Requeue)).collect();
    assert_eq!(h.settle_all(&batch).await, [Settled::Done; 4]);
    assert_eq!(h.reserve(9).await.ids(), ids);
}

/// R17: to the front of its own priority, that is.
pub async fn a_requeued_job_keeps_its_priority(h: &Harness) {
    let low = h.push_one(job().priority(Low)).await;
    let held = h.take().await;
    let (other_low, normal) = (h.push_one(job().priority(Low)).await, h.push(1).await[0]);
    h.done(&held, Settlement::Requeue).await;
    assert_eq!(h.reserve(9).await.ids(), [normal, low, other_low]);
}

/// R31, S6: opaque bytes, rewritten whole at each settle.
pub async fn the_trail_comes_back_at_the_next_reserve(h: &Harness) {
    let trails = [r#"{ "q":1, "later":[ ] , "big":9007199254740993}"#, "{}", r#"{"c":7}"#];
    h.push(1).await;
    for (trail, settlement) in trails.into_iter().zip([release(0), snooze(0), Settlement::Requeue]) {
        let held = h.take().await;
        let settle = with_trail(&held, settlement, trail.into());
        assert_eq!(h.settle_all(&[settle]).await, [Settled::Done]);
        let again = h.take().await;
        assert_eq!(again.trail, trail);
        h.done(&again, Settlement::Requeue).await;
    }
}

/// R6, R31: an ended job's result and history stay readable.
pub async fn the_trail_of_an_ended_job_is_found(h: &Harness) {
    for settlement in [Settlement::Complete, fail(ErrorKind::Panic), Settlement::Cancel] {
        let held = h.held().await;
        let entry = AttemptEntry {
            attempt: 1,
            started_at: held.reserved_at,
            finished_at: h.now(),
            outcome: "some".into(),
            error: None,
            worker: WORKER.into(),
        };
        let trail = Trail { history: vec![entry], finished_at: Some(h.now()), ..Trail::default() };
        h.settle_all(&[with_trail(&held, settlement, trail.encode())]).await;
        assert_eq!(h.record(held.reservation.job).await.trail, trail);
    }
}

/// S5, P5: a settle whose answer was lost can be repeated; it counts once.
pub async fn a_settle_repeated_is_known_and_counts_once(h: &Harness) {
    for (settlement, _) in every_settlement() {
        h.push_one(job().priority(High)).await;
        let held = h.take().await;
        let settle = Settle { counted: Some(Counted::Timeout), ..ending(&held, settlement.clone()) };
        assert_eq!(h.settle_all(std::slice::from_ref(&settle)).await, [Settled::Done]);
        let before = h.everything().await;
        h.advance(seconds(1));
        assert_eq!(h.settle_all(&[settle]).await, [Settled::Repeated], "{settlement:?}");
        assert_eq!(h.everything().await, before, "{settlement:?}");
        for left in h.reserve(9).await {
            h.done(&left, Settlement::Complete).await;
        }
    }
}

/// S3, S5: the token alone tells a repetition: its holder has settled, whatever it says the second time.
pub async fn a_second_settle_under_one_token_changes_nothing(h: &Harness) {
    for (first, _) in every_settlement() {
        h.push_one(job().priority(High)).await;
        let held = h.take().await;
        h.done(&held, first.clone()).await;
        let before = h.everything().await;
        for (second, _) in every_settlement() {
            let settle = with_trail(&held, second.clone(), r#"{"c":9}"#.into());
            assert_eq!(h.settle_all(&[settle]).await, [Settled::Repeated], "{first:?}, then {second:?}");
        }
        assert_eq!(h.everything().await, before, "{first:?}");
        for left in h.reserve(9).await {
            h.done(&left, Settlement::Complete).await;
        }
    }
}

/// P4: the repetition arrives when the job is already in other hands.
pub async fn a_repeated_settle_does_not_touch_the_next_holder(h: &Harness) {
    for settlement in [release(0), snooze(0), Settlement::Requeue] {
        let first = h.held().await;
        h.done(&first, settlement.clone()).await;
        let next = h.take_as("next").await;
        let before = h.everything().await;
        assert_eq!(h.settle(&first, settlement).await, Settled::Repeated);
        assert_eq!(h.everything().await, before);
        h.done(&next, Settlement::Complete).await;
    }
}

/// S5
pub async fn one_job_twice_in_a_batch_is_settled_once(h: &Harness) {
    let held = h.held().await;
    let batch = [ending(&held, release(0)), ending(&held, Settlement::Complete)];
    assert_eq!(h.settle_all(&batch).await, [Settled::Done, Settled::Repeated]);
    assert_eq!(h.state(held.reservation.job).await, State::Pending);
    // Also where another one of the batch ends as its second settlement says.
    let (again, other) = (h.take().await, h.held().await);
    let batch =
        [ending(&other, Settlement::Complete), ending(&again, release(0)), ending(&again, Settlement::Complete)];
    assert_eq!(h.settle_all(&batch).await, [Settled::Done, Settled::Done, Settled::Repeated]);
    assert_eq!(h.state(held.reservation.job).await, State::Pending);
}

/// P4, S1: one outcome per settlement, in order; a stale one stops no other.
pub async fn a_mixed_batch_answers_in_order(h: &Harness) {
    h.push(8).await;
    let held = h.reserve(8).await;
    h.done(&held[2], Settlement::Complete).await;
    let mut batch: Vec<Settle> =
        held.iter().zip(every_settlement()).map(|(job, (settlement, _))| ending(job, settlement)).collect();
    batch[5].reservation.token.call = h.call();
    use Settled::{Done, Repeated, Stale};
    assert_eq!(h.settle_all(&batch).await, [Done, Done, Repeated, Done, Done, Stale, Done, Done]);
    for (number, (job, (_, state))) in held.iter().zip(every_settlement()).enumerate() {
        let expected = match number {
            2 => State::Completed,
            5 => State::Reserved,
            _ => state,
        };
        assert_eq!(h.state(job.reservation.job).await, expected, "{number}");
    }
}

/// S1
pub async fn a_batch_may_span_queues(h: &Harness) {
    for name in ["a", "b", "c"] {
        h.push_to(name, 2).await;
    }
    let held = h.reserve_as(WORKER, &["c", "a", "b"], 6).await;
    let order = [0, 2, 4, 1, 3, 5];
    let batch: Vec<Settle> = order.iter().map(|index| ending(&held[*index], Settlement::Complete)).collect();
    assert_eq!(h.settle_all(&batch).await, [Settled::Done; 6]);
    for name in ["a", "b", "c"] {
        assert_eq!(h.stats_of(name).await.completed, 2, "{name}");
    }
}

/// S8: as many as one call may carry.
pub async fn a_batch_of_five_hundred_is_settled(h: &Harness) {
    h.push(500).await;
    let held = h.reserve(500).await;
    let batch: Vec<Settle> = held.iter().map(|job| ending(job, Settlement::Complete)).collect();
    assert!(h.settle_all(&batch).await.into_iter().all(|outcome| outcome == Settled::Done));
    assert_eq!(h.stats().await.completed, 500);
}

/// R32
pub async fn an_empty_batch_is_nothing(h: &Harness) {
    assert!(h.settle_all(&[]).await.is_empty());
}

/// P12: only a reclaim ends a hold; late is not lost.
pub async fn a_settle_after_the_lease_is_done_if_nobody_reclaimed(h: &Harness) {
    let held = h.held().await;
    h.outlive_leases();
    h.done(&held, Settlement::Complete).await;
    assert!(h.reclaim("reaper").await.is_empty());
}

/// R28, R39: an undecodable record is a failed job, counted as a system error as well.
pub async fn an_undecodable_record_is_a_system_error(h: &Harness) {
    for kind in [ErrorKind::Undecodable, ErrorKind::Error, ErrorKind::Undecodable] {
        let held = h.held().await;
        h.done(&held, fail(kind)).await;
    }
    let stats = h.stats().await;
    assert_eq!((stats.failed, stats.system_errors, stats.counters.failed), (3, 2, 3));
}

/// R9, R39: whatever the settlement; a refused one does not count.
pub async fn timeouts_are_counted(h: &Harness) {
    for settlement in [release(60), fail(ErrorKind::Timeout)] {
        let held = h.held().await;
        let settle = Settle { counted: Some(Counted::Timeout), ..ending(&held, settlement) };
        let mut stale = settle.clone();
        stale.reservation.token.call = h.call();
        assert_eq!(h.settle_all(&[stale, settle]).await, [Settled::Stale, Settled::Done]);
    }
    assert_eq!(h.stats().await.counters.timeouts, 2);
}

/// P4, P5, S1: two settles of one reservation at the same moment.
pub async fn settles_at_once_of_one_job_end_it_once(h: &Harness) {
    let (held, start) = (h.held().await, Arc::new(Barrier::new(8)));
    let settles = (0..8).map(|number| {
        let (store, start) = (h.store.clone(), Arc::clone(&start));
        let settlement = if number % 2 == 0 { Settlement::Complete } else { release(0) };
        let settle = ending(&held, settlement);
        tokio::spawn(async move {
            start.wait().await;
            store.settle(&[settle]).await.unwrap()[0]
        })
    });
    let settles: Vec<_> = settles.collect();
    let mut outcomes = Vec::new();
    for settle in settles {
        outcomes.push(settle.await.unwrap());
    }
    outcomes.sort_by_key(|outcome| *outcome != Settled::Done);
    assert_eq!(outcomes[0], Settled::Done);
    assert_eq!(outcomes[1..], [Settled::Repeated; 7]);
    let counters = h.stats_of(QUEUE).await.counters;
    assert_eq!(counters.processed + counters.retried, 1);
}

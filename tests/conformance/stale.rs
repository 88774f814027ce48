//! Fencing: who does not hold a job changes nothing about it.

use journeyman::job::{JobId, Priority};
use journeyman::queue::{Counted, Reservation, ReservedJob, Settle, Settled, Settlement, State, Token};

use super::harness::{Harness, WORKER, ending, release, worker_id};
use super::jobs::{QUEUE, job, queue};
use super::settle::every_settlement;

/// Tries every settlement under a token that is nobody's; each is refused and leaves everything as it was.
async fn refuses(h: &Harness, stale: &ReservedJob) {
    let before = h.everything().await;
    for (settlement, _) in every_settlement() {
        let settle =
            Settle { counted: Some(Counted::Timeout), trail: r#"{"c":9}"#.into(), ..ending(stale, settlement.clone()) };
        assert_eq!(h.settle_all(&[settle]).await, [Settled::Stale], "{settlement:?}");
        assert_eq!(h.everything().await, before, "{settlement:?}");
    }
}

fn under(job: &ReservedJob, token: Token) -> ReservedJob {
    let mut stale = job.clone();
    stale.reservation.token = token;
    stale
}

/// P4, S3
pub async fn a_token_of_another_call_is_stale(h: &Harness) {
    let held = h.held().await;
    let token = held.reservation.token;
    refuses(h, &under(&held, Token { call: h.call(), ..token })).await;
    h.done(&held, Settlement::Complete).await;
}

/// P4, S3
pub async fn a_token_of_another_attempt_is_stale(h: &Harness) {
    let held = h.held().await;
    let token = held.reservation.token;
    for attempt in [0, 2, u32::MAX] {
        refuses(h, &under(&held, Token { attempt, ..token })).await;
    }
    h.done(&held, Settlement::Complete).await;
}

/// P4: call names are numbers of 64 bits, and the last bit counts.
pub async fn a_token_off_by_one_bit_is_stale(h: &Harness) {
    let held = h.held().await;
    let mut token = held.reservation.token;
    token.call.0 ^= 1;
    refuses(h, &under(&held, token)).await;
}

/// P4, R9: a worker that was given up for dead comes back.
pub async fn a_token_from_before_a_reclaim_is_stale(h: &Harness) {
    let dead = h.held().await;
    h.outlive_leases();
    let rescued = h.reclaim("reaper").await;
    refuses(h, &dead).await;
    h.done(&rescued[0], release(0)).await;
    refuses(h, &dead).await;
    let next = h.take_as("next").await;
    refuses(h, &dead).await;
    h.done(&next, Settlement::Complete).await;
    refuses(h, &dead).await;
}

/// P4: only the last settlement is remembered as done.
pub async fn a_token_settled_long_ago_is_stale(h: &Harness) {
    for settlement in [release(0), Settlement::Requeue] {
        let first = h.held().await;
        h.done(&first, settlement.clone()).await;
        let second = h.take().await;
        h.done(&second, settlement).await;
        refuses(h, &first).await;
        let third = h.take().await;
        refuses(h, &first).await;
        h.done(&third, Settlement::Complete).await;
        refuses(h, &first).await;
        refuses(h, &second).await;
    }
}

/// P4
pub async fn a_job_that_waits_cannot_be_settled(h: &Harness) {
    for id in [h.push(1).await[0], h.push_delayed(60).await] {
        let token = Token { attempt: 0, call: h.call() };
        let reservation =
            Reservation { job: id, queue: queue(QUEUE), priority: Priority::Normal, worker: worker_id(WORKER), token };
        let guess = ReservedJob { reservation, body: "".into(), trail: "".into(), reserved_at: h.now(), lost: None };
        refuses(h, &guess).await;
        refuses(h, &under(&guess, Token { attempt: 1, ..token })).await;
    }
}

/// P4
pub async fn an_ended_job_cannot_be_settled_by_another(h: &Harness) {
    let held = h.held().await;
    h.done(&held, Settlement::Complete).await;
    refuses(h, &under(&held, Token { attempt: 1, call: h.call() })).await;
    refuses(h, &under(&held, Token { attempt: 2, ..held.reservation.token })).await;
    assert_eq!(h.state(held.reservation.job).await, State::Completed);
}

/// P4: nothing comes into being by being settled.
pub async fn an_unknown_job_is_stale(h: &Harness) {
    let mut held = h.held().await;
    held.reservation.job = job().id();
    refuses(h, &held).await;
    assert_eq!(h.find(held.reservation.job).await, journeyman::queue::Found::Nothing);
    held.reservation.queue = queue("never-pushed");
    held.reservation.job = JobId::generate(&held.reservation.queue);
    refuses(h, &held).await;
}

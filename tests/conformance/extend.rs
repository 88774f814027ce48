//! Beats: keeping a lease and comparing notes.

use journeyman::queue::{BeatReply, Settled, Settlement, State};

use super::harness::{Harness, LEASE, WORKER, reservations};
use super::jobs::{Ids, QUEUE, job_on, seconds};

/// P3, S11
pub async fn a_beat_keeps_the_lease(h: &Harness) {
    let held = [h.held().await];
    for _ in 0..5 {
        h.advance(LEASE - seconds(1));
        assert_eq!(h.beat(WORKER, &reservations(&held)).await, BeatReply::default());
        assert!(h.reclaim("reaper").await.is_empty());
    }
    h.done(&held[0], Settlement::Complete).await;
}

/// P3, S11: one beat carries all that a worker holds, in whatever queues.
pub async fn a_beat_covers_every_queue(h: &Harness) {
    for name in ["a", "b"] {
        h.push_to(name, 2).await;
    }
    let held = h.reserve_as(WORKER, &["a", "b"], 4).await;
    h.advance(LEASE - seconds(1));
    assert_eq!(h.beat(WORKER, &reservations(&held)).await, BeatReply::default());
    h.advance(LEASE - seconds(1));
    assert!(h.reclaim("reaper").await.is_empty());
    h.advance(seconds(2));
    assert_eq!(h.reclaim("reaper").await.len(), 4);
}

/// P12: a store that was away for longer than the lease takes nothing from workers that live.
pub async fn a_late_beat_revives_a_lease_that_nobody_reclaimed(h: &Harness) {
    let held = [h.held().await];
    h.advance(LEASE * 10);
    assert_eq!(h.beat(WORKER, &reservations(&held)).await, BeatReply::default());
    assert!(h.reclaim("reaper").await.is_empty());
    h.done(&held[0], Settlement::Complete).await;
}

/// P4, S11: the worker learns which of its jobs are another's now.
pub async fn a_reclaimed_job_is_reported_lost(h: &Harness) {
    h.push(3).await;
    let held = h.reserve(3).await;
    h.outlive_leases();
    let taken = h.sweep("reaper", 2, h.call(), false).await;
    let reply = h.beat(WORKER, &reservations(&held)).await;
    let mut lost: Vec<_> = reply.lost.iter().map(|reservation| reservation.job).collect();
    let mut expected = taken.ids();
    lost.sort();
    expected.sort();
    assert_eq!(lost, expected);
    assert!(reply.unknown.is_empty());
    let kept = held.iter().find(|job| !expected.contains(&job.reservation.job)).unwrap();
    h.done(kept, Settlement::Complete).await;
}

/// S11: and is not given its own lost job by beating.
pub async fn a_beat_does_not_take_a_lost_job_back(h: &Harness) {
    let held = [h.held().await];
    h.outlive_leases();
    let rescued = h.reclaim("reaper").await;
    let before = h.everything().await;
    assert_eq!(h.beat(WORKER, &reservations(&held)).await.lost, reservations(&held));
    assert_eq!(h.everything().await, before);
    h.done(&rescued[0], Settlement::Complete).await;
}

/// S11: the answer to a reserve was lost, so the worker knows nothing of what it holds. It is told enough to give it back.
pub async fn a_job_missing_from_the_beat_is_reported_with_all_to_give_it_back(h: &Harness) {
    let ids = h.push(3).await;
    let held = h.reserve(3).await;
    let reply = h.beat(WORKER, &reservations(&held[..1])).await;
    assert!(reply.lost.is_empty());
    let mut unknown = reply.unknown;
    unknown.sort_by_key(|job| job.reservation.job);
    assert_eq!(reservations(&unknown), reservations(&held[1..]));
    for job in unknown {
        assert_eq!(job.body, h.record(job.reservation.job).await.body);
        h.done(&job, Settlement::Requeue).await;
    }
    let again = h.take().await;
    assert!(ids[1..].contains(&again.reservation.job));
    assert_eq!(again.reservation.token.attempt, 1);
}

/// S11: with its past, which a settle writes back whole.
pub async fn an_unknown_job_is_reported_with_its_trail(h: &Harness) {
    let held = h.held().await;
    let trail = r#"{"q":2,"c":1}"#;
    let settle = super::harness::with_trail(&held, super::harness::release(0), trail.into());
    assert_eq!(h.settle_all(&[settle]).await, [Settled::Done]);
    let again = h.take().await;
    let unknown = h.beat(WORKER, &[]).await.unknown;
    assert_eq!(reservations(&unknown), [again.reservation]);
    assert_eq!(unknown[0].trail, trail);
}

/// S11: reported until it is dealt with, and kept alive meanwhile.
pub async fn an_unknown_job_is_reported_at_every_beat(h: &Harness) {
    let held = h.held().await;
    for _ in 0..3 {
        h.advance(LEASE - seconds(1));
        assert_eq!(h.beat(WORKER, &[]).await.unknown.ids(), [held.reservation.job]);
    }
    assert!(h.reclaim("reaper").await.is_empty());
}

/// S3, S11: the same job under a new token is another reservation.
pub async fn an_old_token_of_a_job_held_again_is_lost_and_the_new_one_unknown(h: &Harness) {
    let first = [h.held().await];
    h.done(&first[0], Settlement::Requeue).await;
    let second = [h.take().await];
    let reply = h.beat(WORKER, &reservations(&first)).await;
    assert_eq!(reply.lost, reservations(&first));
    assert_eq!(reservations(&reply.unknown), reservations(&second));
}

/// S11
pub async fn a_beat_with_nothing_held_is_fine(h: &Harness) {
    for worker in ["never-seen", WORKER, WORKER] {
        assert_eq!(h.beat(worker, &[]).await, BeatReply::default());
    }
    h.push(1).await;
    assert_eq!(h.beat(WORKER, &[]).await, BeatReply::default());
}

/// P4: a beat that was under way while the job ended.
pub async fn a_beat_does_not_bring_back_a_settled_job(h: &Harness) {
    for (settlement, state) in super::settle::every_settlement() {
        let id = h.push_one(job_on(QUEUE).clone()).await;
        let held = [h.reserve(9).await.pop().unwrap()];
        h.done(&held[0], settlement.clone()).await;
        let reply = h.beat(WORKER, &reservations(&held)).await;
        assert_eq!((reply.lost, reply.unknown), (reservations(&held), vec![]), "{settlement:?}");
        assert_eq!(h.state(held[0].reservation.job).await, state, "{settlement:?}");
        assert_eq!(id, held[0].reservation.job);
        for left in h.reserve(9).await {
            h.done(&left, Settlement::Complete).await;
        }
    }
}

/// P4: nor does naming another worker's job in a beat do anything.
pub async fn a_beat_touches_no_other_worker(h: &Harness) {
    let held = [h.held().await];
    let reply = h.beat("other", &[]).await;
    assert_eq!(reply, BeatReply::default());
    h.advance(LEASE - seconds(1));
    h.beat("other", &[]).await;
    h.advance(seconds(2));
    assert_eq!(h.reclaim("reaper").await.ids(), held.ids());
}

/// P3: a reserve is a sign of life for all that the worker holds.
pub async fn a_reserve_renews_the_lease_of_all(h: &Harness) {
    h.push(2).await;
    let first = h.take().await;
    h.advance(LEASE - seconds(1));
    h.take().await;
    h.advance(seconds(2));
    assert!(h.reclaim("reaper").await.is_empty());
    assert_eq!(h.state(first.reservation.job).await, State::Reserved);
}

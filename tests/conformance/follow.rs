//! Jobs that are stored because another one has ended.

use journeyman::job::ErrorKind;
use journeyman::queue::{Found, Settle, Settled, Settlement, State};

use super::harness::{Harness, ending, fail, release};
use super::jobs::{Building, Ids, QUEUE, job, job_on};

/// R25: stored with the end of its parent, and runs.
pub async fn a_follower_is_stored_with_the_settlement(h: &Harness) {
    let held = h.held().await;
    let follower = job().body("follower");
    h.done_then(&held, Settlement::Complete, std::slice::from_ref(&follower)).await;
    assert_eq!(h.state(held.reservation.job).await, State::Completed);
    let taken = h.take().await;
    assert_eq!((taken.reservation.job, taken.body), (follower.id(), follower.envelope.body));
}

/// R25: to whatever queue, in another slot or not.
pub async fn a_follower_goes_to_its_own_queue(h: &Harness) {
    let held = h.held().await;
    let followers = [job_on("callbacks"), job_on("elsewhere"), job_on("callbacks")];
    h.done_then(&held, fail(ErrorKind::Error), &followers).await;
    let expected = [followers[0].id(), followers[2].id(), followers[1].id()];
    assert_eq!(h.reserve_as("w", &["callbacks", "elsewhere"], 9).await.ids(), expected);
    assert_eq!(h.stats_of("callbacks").await.counters.enqueued, 2);
}

/// R25: with every kind of settlement, should one ever need it.
pub async fn a_follower_may_come_from_a_release(h: &Harness) {
    let held = h.held().await;
    h.done_then(&held, release(60), &[job_on("callbacks")]).await;
    assert_eq!(h.reserve_as("w", &["callbacks"], 9).await.len(), 1);
}

/// R25, P4: a stale settle stores nothing.
pub async fn nothing_follows_from_a_stale_settle(h: &Harness) {
    let held = h.held().await;
    h.outlive_leases();
    let thief = h.reclaim("reaper").await;
    assert_eq!(thief.len(), 1);
    let follower = job();
    let settle = Settle { then: vec![follower.clone()], ..ending(&held, Settlement::Complete) };
    assert_eq!(h.settle_all(&[settle]).await, [Settled::Stale]);
    h.store.promote(100).await.unwrap();
    assert_eq!(h.find(follower.id()).await, Found::Nothing);
}

/// R25, S5: a settle whose answer was lost is repeated, and its follower is one job.
pub async fn a_repeated_settle_stores_its_follower_once(h: &Harness) {
    let held = h.held().await;
    let follower = job_on("callbacks");
    h.done_then(&held, Settlement::Complete, std::slice::from_ref(&follower)).await;
    let again = Settle { then: vec![follower.clone()], ..ending(&held, Settlement::Complete) };
    assert_eq!(h.settle_all(&[again]).await, [Settled::Repeated]);
    h.store.promote(100).await.unwrap();
    assert_eq!(h.reserve_as("w", &["callbacks"], 9).await.ids(), [follower.id()]);
    assert_eq!(h.stats_of("callbacks").await.counters.enqueued, 1);
}

/// R25: a follower that is there already is not stored again, and keeps nobody from ending.
pub async fn a_follower_that_is_there_already_is_harmless(h: &Harness) {
    let held = h.held().await;
    let follower = job_on("callbacks");
    h.stored(std::slice::from_ref(&follower)).await;
    let settle = Settle { then: vec![follower.clone()], ..ending(&held, Settlement::Complete) };
    assert_eq!(h.settle_all(&[settle]).await, [Settled::Done]);
    assert_eq!(h.reserve_as("w", &["callbacks"], 9).await.ids(), [follower.id()]);
}

/// R25: each of a batch has its own.
pub async fn a_batch_stores_the_followers_of_each(h: &Harness) {
    h.push(3).await;
    let held = h.reserve(3).await;
    let followers = [job_on("callbacks"), job_on("callbacks"), job_on(QUEUE)];
    let batch: Vec<Settle> = held
        .iter()
        .zip(&followers)
        .map(|(job, follower)| Settle { then: vec![follower.clone()], ..ending(job, Settlement::Complete) })
        .collect();
    assert_eq!(h.settle_all(&batch).await, [Settled::Done; 3]);
    followers.iter().for_each(|job| h.adopt(&job.envelope.queue, job.id()));
    assert_eq!(h.reserve_as("w", &["callbacks"], 9).await.ids(), followers[..2].ids());
    assert_eq!(h.take().await.reservation.job, followers[2].id());
}

/// R25: a large payload follows as any other.
pub async fn a_large_follower_comes_through_byte_for_byte(h: &Harness) {
    let held = h.held().await;
    let body: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    let follower = job_on("callbacks").body(body.clone());
    h.done_then(&held, Settlement::Complete, &[follower]).await;
    let taken = h.reserve_as("w", &["callbacks"], 1).await;
    assert!(taken[0].body == body);
}

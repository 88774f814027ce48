//! Making due jobs pending.

use std::sync::Arc;

use journeyman::job::Priority::{High, Low};
use journeyman::queue::State;
use tokio::sync::Barrier;

use super::harness::{Harness, release};
use super::jobs::{Building, Ids, QUEUE, job, job_on, seconds};

/// R19
pub async fn only_due_jobs_are_promoted(h: &Harness) {
    let ids = [h.push_delayed(10).await, h.push_delayed(20).await, h.push_delayed(30).await];
    assert_eq!(h.store.promote(9).await.unwrap(), 0);
    h.advance(seconds(20));
    assert_eq!(h.store.promote(9).await.unwrap(), 2);
    for (id, state) in ids.into_iter().zip([State::Pending, State::Pending, State::Delayed]) {
        assert_eq!(h.state(id).await, state);
    }
    let stats = h.stats().await;
    assert_eq!((stats.total_pending(), stats.delayed), (2, 1));
}

/// R19: it stays known since when a job could have run.
pub async fn a_promoted_job_keeps_its_time(h: &Harness) {
    let id = h.push_delayed(10).await;
    let due = h.now().plus(seconds(10));
    h.advance(seconds(99));
    assert_eq!(h.store.promote(9).await.unwrap(), 1);
    assert_eq!(h.record(id).await.available_at, due);
}

/// R19, P9: by the time due, then by the order of the push.
pub async fn promoted_jobs_keep_their_order(h: &Harness) {
    let delays = [30, 10, 20, 10, 30, 10];
    let batch = delays.map(|delay| job().after(seconds(delay)));
    let ids = h.stored(&batch).await;
    h.advance(seconds(60));
    assert_eq!(h.store.promote(2).await.unwrap(), 2);
    assert_eq!(h.store.promote(9).await.unwrap(), 4);
    assert_eq!(h.reserve(9).await.ids(), [1, 3, 5, 2, 0, 4].map(|index| ids[index]));
}

/// P9: jobs that were pending before stay before.
pub async fn promoted_jobs_go_behind_those_that_wait(h: &Harness) {
    let delayed = h.push_delayed(10).await;
    let waiting = h.push(1).await[0];
    h.advance(seconds(10));
    assert_eq!(h.store.promote(9).await.unwrap(), 1);
    let later = h.push(1).await[0];
    assert_eq!(h.reserve(9).await.ids(), [waiting, delayed, later]);
}

/// S8
pub async fn promotion_is_bounded(h: &Harness) {
    let batch: Vec<_> = (0..5).map(|_| job().after(seconds(1))).collect();
    h.stored(&batch).await;
    h.advance(seconds(2));
    let mut moved = Vec::new();
    for _ in 0..4 {
        moved.push(h.store.promote(2).await.unwrap());
    }
    assert_eq!(moved, [2, 2, 1, 0]);
}

/// R18
pub async fn promotion_sweeps_every_queue(h: &Harness) {
    for name in ["a", "b", "c"] {
        h.push_one(job_on(name).after(seconds(1))).await;
    }
    h.advance(seconds(2));
    let (mut moved, mut calls) = (0, 0);
    while moved < 3 && calls < 9 {
        moved += h.store.promote(2).await.unwrap();
        calls += 1;
    }
    assert_eq!(moved, 3);
    for name in ["a", "b", "c"] {
        assert_eq!(h.stats_of(name).await.total_pending(), 1, "{name}");
    }
}

/// R16
pub async fn a_promoted_job_keeps_its_priority(h: &Harness) {
    for priority in [Low, High] {
        h.push_one(job().priority(priority).after(seconds(1))).await;
    }
    h.advance(seconds(2));
    h.store.promote(9).await.unwrap();
    assert_eq!(h.stats().await.pending, [1, 0, 1, 0]);
}

/// R13
pub async fn a_released_job_is_promoted_like_any_other(h: &Harness) {
    let held = h.held().await;
    h.done(&held, release(10)).await;
    h.advance(seconds(10));
    assert_eq!(h.store.promote(9).await.unwrap(), 1);
    assert_eq!(h.take().await.reservation.token.attempt, 2);
}

/// P5, S1
pub async fn promoters_at_once_move_each_job_once(h: &Harness) {
    let batch: Vec<_> = (0..200).map(|_| job().after(seconds(1))).collect();
    let ids = h.stored(&batch).await;
    h.advance(seconds(2));
    let start = Arc::new(Barrier::new(2));
    let promoters = [h.store.clone(), h.second().await].map(|store| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            let mut moved = 0;
            for _ in 0..2000 {
                match store.promote(15).await.unwrap() {
                    0 => break,
                    more => moved += more,
                }
            }
            moved
        })
    });
    let mut moved = 0;
    for promoter in promoters {
        moved += promoter.await.unwrap();
    }
    assert_eq!(moved, 200);
    assert_eq!(h.stats_of(QUEUE).await.total_pending(), 200);
    assert_eq!(h.reserve(500).await.ids(), ids);
}

//! Listings: in order, page by page, while jobs come and go.

use journeyman::job::{ErrorKind, JobId, Priority};
use journeyman::queue::{Cursor, Listing, Settlement, State, StoreError};

use super::harness::{Harness, fail};
use super::jobs::{Building, Ids, QUEUE, job, queue, seconds};

/// R51: in the order they would be reserved in.
pub async fn pending_jobs_are_listed_as_they_would_run(h: &Harness) {
    let jobs = [Priority::Low, Priority::High, Priority::Normal, Priority::High, Priority::Critical];
    let jobs = jobs.map(|priority| job().priority(priority));
    let ids = h.stored(&jobs).await;
    let expected = [ids[4], ids[1], ids[3], ids[2], ids[0]];
    assert_eq!(h.listed(State::Pending, 2).await, expected);
    assert_eq!(h.listed(State::Pending, 100).await, expected);
}

/// R51: a requeued job is at the front again.
pub async fn a_requeued_job_is_listed_first(h: &Harness) {
    h.push(2).await;
    let held = h.take().await;
    h.done(&held, Settlement::Requeue).await;
    assert_eq!(h.listed(State::Pending, 1).await[0], held.reservation.job);
}

/// R51: one that came due is listed behind those that waited already, as it will run.
pub async fn a_job_that_came_due_is_listed_where_it_waits(h: &Harness) {
    let delayed = h.push_delayed(10).await;
    let waiting = h.push(1).await[0];
    h.advance(seconds(11));
    assert_eq!(h.store.promote(9).await.unwrap(), 1);
    assert_eq!(h.listed(State::Pending, 1).await, [waiting, delayed]);
    assert_eq!(h.reserve(9).await.ids(), [waiting, delayed]);
}

/// R51
pub async fn delayed_jobs_are_listed_soonest_first(h: &Harness) {
    let mut ids = Vec::new();
    for delay in [30, 10, 20, 10] {
        ids.push(h.push_delayed(delay).await);
    }
    assert_eq!(h.listed(State::Delayed, 1).await, [ids[1], ids[3], ids[2], ids[0]]);
}

/// R51
pub async fn reserved_jobs_are_listed_longest_held_first(h: &Harness) {
    h.push(3).await;
    let mut held: Vec<JobId> = Vec::new();
    for worker in ["b", "a", "c"] {
        held.push(h.take_as(worker).await.reservation.job);
        h.advance(seconds(1));
    }
    assert_eq!(h.listed(State::Reserved, 2).await, held);
}

/// R29: the latest failure first.
pub async fn ended_jobs_are_listed_latest_first(h: &Harness) {
    let mut failed = Vec::new();
    for _ in 0..5 {
        failed.push(h.failed().await);
        h.advance(seconds(1));
    }
    failed.reverse();
    assert_eq!(h.listed(State::Failed, 2).await, failed);
    assert!(h.listed(State::Completed, 2).await.is_empty());
}

/// R29: also those that ended in one moment are each listed once.
pub async fn jobs_that_ended_together_are_listed_once_each(h: &Harness) {
    let ids = h.push(7).await;
    for held in h.reserve(7).await {
        h.done(&held, Settlement::Complete).await;
    }
    let mut listed = h.listed(State::Completed, 3).await;
    listed.sort_unstable();
    assert_eq!(listed, ids);
}

/// R29: a listed job says all that `find` says.
pub async fn a_listed_record_is_the_whole_record(h: &Harness) {
    let id = h.failed().await;
    h.push_delayed(60).await;
    let page = h.list(State::Failed, 10, None).await;
    assert_eq!(page.jobs, [h.record(id).await]);
    assert_eq!(page.next, None);
}

/// R29: a queue's listing is its own.
pub async fn a_listing_is_of_one_queue_and_state(h: &Harness) {
    h.push_to("other", 2).await;
    let ids = h.push(1).await;
    h.failed_in("other").await;
    assert_eq!(h.listed(State::Pending, 10).await, ids);
    assert!(h.listed(State::Failed, 10).await.is_empty());
    let nowhere = Listing { queue: queue("never-seen"), state: State::Failed, after: None, max: 10 };
    assert_eq!(h.store.list(&nowhere).await.unwrap().jobs, []);
}

/// R29: what ends, or is forgotten, between two pages shifts nothing.
pub async fn pages_hold_while_jobs_come_and_go(h: &Harness) {
    let mut failed = Vec::new();
    for _ in 0..6 {
        failed.push(h.failed().await);
        h.advance(seconds(1));
    }
    let first = h.list(State::Failed, 2, None).await;
    let ids: Vec<JobId> = first.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids, [failed[5], failed[4]]);
    // One more fails, one that was listed is forgotten, one that was not is retried.
    h.failed().await;
    h.store.forget(failed[4]).await.unwrap();
    h.removed(failed[4]);
    h.retry(failed[2]).await;
    let second = h.list(State::Failed, 9, first.next).await;
    let ids: Vec<JobId> = second.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids, [failed[3], failed[1], failed[0]]);
}

/// R51: what is reserved, and what is pushed, between two pages shifts nothing.
pub async fn pages_of_waiting_jobs_hold_while_the_queue_moves(h: &Harness) {
    let ids = h.push(6).await;
    let first = h.list(State::Pending, 2, None).await;
    h.reserve(3).await;
    let later = h.push(1).await;
    let second = h.list(State::Pending, 9, first.next).await;
    let listed: Vec<JobId> = second.jobs.iter().map(|job| job.id).collect();
    assert_eq!(listed, [ids[3], ids[4], ids[5], later[0]]);
}

/// R44: what is no cursor is refused, not misread.
pub async fn a_cursor_that_is_none_is_refused(h: &Harness) {
    h.push(3).await;
    for text in ["", "nonsense", "../../etc", "99999999999999999999.1", "'; DROP TABLE queue_jobs; --"] {
        let listing = Listing { queue: queue(QUEUE), state: State::Pending, after: Some(Cursor(text.into())), max: 10 };
        let answer = h.store.list(&listing).await;
        assert!(matches!(answer, Err(StoreError::Refused(_))), "{text:?}: {answer:?}");
    }
}

/// R28: a record that cannot be decoded is listed like any other.
pub async fn a_system_error_is_listed(h: &Harness) {
    let id = h.push_one(job().body(vec![0, 159, 146, 150])).await;
    let held = h.take().await;
    h.done(&held, fail(ErrorKind::Undecodable)).await;
    let page = h.list(State::Failed, 10, None).await;
    assert_eq!((page.jobs[0].id, page.jobs[0].body.as_ref()), (id, &[0, 159, 146, 150][..]));
}

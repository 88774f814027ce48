//! A takeover that had to wait for the file.

use std::time::Duration;

use journeyman_job::{Priority, QueueName};
use rusqlite::Connection;

use super::super::SqliteStore;
use super::{Place, completed, jobs};
use crate::chance;
use crate::queue::{Driver, ReserveRequest, ReservedJob, Settled, StoreError, Unit, WorkerId};

const LEASE: Duration = Duration::from_millis(400);

async fn ask(store: &SqliteStore, name: &str, is_takeover: bool) -> Result<Vec<ReservedJob>, StoreError> {
    let (worker, queues) = (WorkerId::new(name).unwrap(), [QueueName::default()]);
    let (order, call) = (Priority::DESCENDING, chance::call_id());
    let request =
        ReserveRequest { worker: &worker, queues: &queues, order, max: 9, lease: LEASE, call, is_repeat: false };
    if is_takeover { store.reclaim(&request).await } else { Ok(store.reserve(&request).await?.jobs) }
}

/// P12: whoever held the file up for longer than a lease held up the beats of the living as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_a_takeover_that_had_to_wait_for_the_file_takes_nothing() {
    let place = Place::new();
    let (one, other) = (place.open(), place.open());
    one.push(&jobs(1), Unit::Queue).await.unwrap();
    let held = ask(&one, "alive", false).await.unwrap().remove(0);
    let lock = Connection::open(place.path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let takeover = tokio::spawn(async move { (ask(&other, "reaper", true).await, other) });
    tokio::time::sleep(LEASE + LEASE / 2).await;
    lock.execute_batch("COMMIT").unwrap();
    let (taken, other) = takeover.await.unwrap();
    assert!(matches!(&taken, Err(StoreError::Unavailable(why)) if why.contains("may have missed")), "{taken:?}");
    assert_eq!(one.settle(&[completed(&held)]).await.unwrap(), [Settled::Done]);

    // One that is answered at once takes what a dead worker left behind.
    one.push(&jobs(1), Unit::Queue).await.unwrap();
    let left = ask(&one, "dead", false).await.unwrap().remove(0);
    tokio::time::sleep(LEASE).await;
    assert_eq!(ask(&other, "reaper", true).await.unwrap()[0].reservation.job, left.reservation.job);
}

//! A file that can grow no further.

use std::time::Duration;

use journeyman_job::QueueName;

use super::super::error::Failure;
use super::super::group::{Change, Group};
use super::super::{SqliteOptions, SqliteStore};
use super::{Place, completed, job_of, jobs, reserve, state};
use crate::queue::{Driver, Inspector, PushOutcome, Retention, Settle, Settled, State, StoreError, Unit};

/// Pushes until there is no room; how many jobs are stored.
async fn fill(store: &SqliteStore) -> usize {
    let mut stored = 0;
    loop {
        match store.push(&jobs(20), Unit::Queue).await {
            Ok(_) => stored += 20,
            Err(StoreError::Full(_)) => return stored,
            Err(other) => panic!("{other:?}"),
        }
        assert!(stored < 100_000, "it never gets full");
    }
}

/// Runs all that waits; how many jobs that were.
async fn drain(store: &SqliteStore) -> usize {
    let mut done = 0;
    loop {
        let taken = reserve(store, "worker", 50).await.unwrap();
        if taken.is_empty() {
            return done;
        }
        let batch: Vec<Settle> = taken.iter().map(completed).collect();
        assert!(store.settle(&batch).await.unwrap().iter().all(|outcome| *outcome == Settled::Done));
        done += taken.len();
    }
}

async fn prune_all(store: &SqliteStore) {
    while store.prune(Retention { ttl: Duration::ZERO, max_records: 0 }, 500).await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_full_file_takes_no_more_jobs_but_lets_all_it_has_run_to_their_end() {
    let place = Place::new();
    let store = place.open_with(SqliteOptions { max_bytes: Some(1024 * 1024), ..SqliteOptions::default() });
    let stored = fill(&store).await;
    assert_eq!(drain(&store).await, stored);
    // Jobs that ended make room.
    prune_all(&store).await;
    store.push(&jobs(20), Unit::Queue).await.unwrap();
}

/// What a disk without room does to the file, as far as SQLite can tell: `SQLITE_FULL` at the next page.
#[derive(Debug)]
struct DiskIsFull(bool);

impl Change for DiskIsFull {
    type Answer = i64;

    fn apply(&self, group: &mut Group<'_>) -> Result<i64, Failure> {
        let pages: i64 = group.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let most = if self.0 { pages } else { 1_000_000 };
        group.connection.pragma_update(None, "max_page_count", most)?;
        Ok(pages)
    }

    fn weight(&self) -> usize {
        1
    }
}

/// R32, P1: a file without a limit of its own, on a disk that fills up.
#[tokio::test]
async fn on_a_full_disk_a_push_is_refused_as_full_and_the_jobs_there_still_drain() {
    let place = Place::new();
    let store = place.open();
    let known = jobs(3000);
    for chunk in known.chunks(500) {
        store.push(chunk, Unit::Queue).await.unwrap();
    }
    store.change(DiskIsFull(true)).await.unwrap();
    let stored = known.len() + fill(&store).await;
    // Nothing is written by a repetition, so it is answered.
    assert_eq!(store.push(&known[..1], Unit::Queue).await.unwrap(), [PushOutcome::Repeated]);
    // None is lost; records of completed jobs are given up so that others can complete.
    assert_eq!(drain(&store).await, stored);
    let stats = store.stats(&[QueueName::default()]).await.unwrap().pop().unwrap();
    assert_eq!((stats.size(), stats.counters.processed), (0, stored as u64));
    // The first push after that restores the room it leaves to others, or is refused.
    prune_all(&store).await;
    let again = fill(&store).await;
    assert!(again > 0, "pruned records make room");
    assert_eq!(drain(&store).await, again);
}

#[tokio::test]
async fn a_disk_with_room_again_takes_jobs_again() {
    let place = Place::new();
    let store = place.open();
    store.push(&jobs(1), Unit::Queue).await.unwrap();
    store.change(DiskIsFull(true)).await.unwrap();
    let stored = 1 + fill(&store).await;
    assert_eq!(drain(&store).await, stored);
    store.change(DiskIsFull(false)).await.unwrap();
    let job = job_of(&[b'x'; 200_000]);
    store.push(std::slice::from_ref(&job), Unit::Queue).await.unwrap();
    assert_eq!(state(&store, job.id()).await, Some(State::Pending));
}

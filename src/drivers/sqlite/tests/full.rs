//! A file that can grow no further.

use std::io::Write as _;
use std::process::{Command, Stdio};
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
    drains_a_file_that_cannot_grow().await;
}

async fn drains_a_file_that_cannot_grow() {
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

/// A small disk of its own, which only root can make.
struct SmallDisk(Place);

impl SmallDisk {
    fn mounted() -> Option<Self> {
        let place = Place::new();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(place.0.path()).stderr(Stdio::null());
        let is_mounted = mount.status().is_ok_and(|ended| ended.success());
        is_mounted.then(|| Self(place))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.0.path()).status();
    }
}

/// R32, P1: the same where even a deletion finds no room, because the log cannot grow, and one process has filled the disk
/// that another has to drain.
#[tokio::test]
async fn on_a_disk_that_is_really_full_the_jobs_there_still_drain() {
    let disk = SmallDisk::mounted();
    let Some(SmallDisk(place)) = &disk else { return drains_a_file_that_cannot_grow().await };
    let (store, other) = (place.open(), place.open());
    let foreign = place.0.path().join("foreign");
    std::fs::write(&foreign, vec![0; 8 * 1024 * 1024]).unwrap();
    let stored = fill(&store).await;
    assert!(stored > 1000, "{stored}");
    // What others write takes the last of it.
    let mut rest = std::fs::File::create(place.0.path().join("rest")).unwrap();
    while rest.write_all(&[0; 4096]).is_ok() {}
    assert_eq!(drain(&other).await, stored);
    prune_all(&other).await;
    std::fs::remove_file(foreign).unwrap();
    store.push(&jobs(20), Unit::Queue).await.unwrap();
    assert_eq!(drain(&other).await, 20);
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

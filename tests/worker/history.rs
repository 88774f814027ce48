//! R52: how it was, on every store.

use std::sync::Arc;
use std::time::Duration;

use journeyman::clock::ManualClock;
use journeyman::metrics::history::{History, Point, Recorder, Wanted, read};
use journeyman::queue::{Note, NoteKey, NoteKind, State};

use super::Rig;
use super::jobs::{Fail, Write};
use crate::conformance::stores::{self, Backend};

async fn look(rig: &Rig, minutes: u64) -> History {
    read(rig.store.as_ref(), &Wanted { minutes, ..Wanted::default() }).await.unwrap()
}

fn numbers(point: &Point) -> (u64, u64) {
    (point.processed, point.failed)
}

/// Runs jobs as a process that has just started, and leaves it to write down the rest later.
async fn run(rig: &Rig, process: &str, well: usize, badly: usize) -> Arc<Recorder> {
    let recorder = Arc::new(Recorder::new(process));
    // It learns what time it is in the store.
    recorder.flush(rig.store.as_ref()).await;
    let noting = Arc::clone(&recorder);
    let worker = rig.work_observed(rig.options(), Some(Arc::new(move |event| noting.note(event))));
    let mut ids = Vec::new();
    for _ in 0..well {
        ids.push((rig.push(&Write { text: "x".into() }).await, State::Completed));
    }
    for _ in 0..badly {
        ids.push((rig.push(&Fail::new("fine", 1)).await, State::Failed));
    }
    for (id, state) in ids {
        rig.until(id, state).await;
    }
    // An end is observed once the store has taken it.
    worker.stop().await;
    recorder
}

async fn case(open: fn(Arc<ManualClock>) -> Box<dyn Backend>) {
    let clock = Arc::new(ManualClock::default());
    // It lives as long as its data.
    let backend = open(clock.clone());
    let rig = Rig::on(backend.open().await);
    assert_eq!(look(&rig, 60).await.points.len(), 60, "also of nothing");
    let first = run(&rig, "host-1-a", 3, 1).await;
    // Once more changes nothing, and neither does a note that cannot be read.
    first.flush(rig.store.as_ref()).await;
    first.flush(rig.store.as_ref()).await;
    let key = NoteKey::new("m:001770000000:damaged").unwrap();
    let damaged = Note { kind: NoteKind::History, key, body: "[".into(), keep: Duration::from_secs(60) };
    rig.store.write_notes(&[damaged]).await.unwrap();
    let history = look(&rig, 60).await;
    assert_eq!((history.step_seconds, history.points.len()), (60, 60));
    let (last, before) = history.points.split_last().unwrap();
    assert_eq!((numbers(last), last.retried), ((4, 1), 0));
    assert!(before.iter().all(|point| numbers(point) == (0, 0) && point.run.is_none()));
    assert!(last.run.is_some_and(|run| run.p50 <= run.p95 && run.p95 <= run.p99));
    assert!(last.wait.is_some());
    let types: Vec<_> = history.types.iter().map(|of| (of.job_type.as_str(), of.processed, of.failed)).collect();
    assert_eq!(types, [("worker.fail", 1, 1), ("worker.write", 3, 0)]);
    // A start anew within the minute takes nothing away, and two processes add up.
    let second = run(&rig, "host-1-b", 2, 0).await;
    second.flush(rig.store.as_ref()).await;
    assert_eq!(numbers(look(&rig, 60).await.points.last().unwrap()), (6, 1));
    let of_type = Wanted { minutes: 60, job_type: Some("worker.fail".into()), ..Wanted::default() };
    assert_eq!(numbers(read(rig.store.as_ref(), &of_type).await.unwrap().points.last().unwrap()), (1, 1));
    let of_queue = Wanted { minutes: 60, queue: Some("other".into()), ..Wanted::default() };
    assert_eq!(numbers(read(rig.store.as_ref(), &of_queue).await.unwrap().points.last().unwrap()), (0, 0));
    // The next minute, by the store's clock.
    clock.advance(Duration::from_secs(61));
    let third = run(&rig, "host-2-a", 1, 0).await;
    third.flush(rig.store.as_ref()).await;
    let last: Vec<_> = look(&rig, 60).await.points.iter().rev().take(3).map(numbers).collect();
    assert_eq!(last, [(1, 0), (6, 1), (0, 0)]);
    for (minutes, step) in [(1440, 600), (20_160, 3600)] {
        let rolled = look(&rig, minutes).await;
        assert_eq!((rolled.step_seconds, numbers(rolled.points.last().unwrap())), (step, (7, 1)));
    }
    clock.advance(Duration::from_secs(3 * 3600));
    assert!(look(&rig, 60).await.points.iter().all(|point| numbers(point) == (0, 0)));
    assert_eq!(look(&rig, 1440).await.points.iter().map(|point| point.processed).sum::<u64>(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r52_history_of_memory() {
    case(stores::memory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r52_history_of_sqlite() {
    case(stores::sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r52_history_of_redis() {
    case(stores::redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r52_history_of_mariadb() {
    case(stores::mariadb).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r52_history_of_postgres() {
    case(stores::postgres).await;
}

//! R51: who works, and what a single worker is told.

use std::sync::Arc;
use std::time::Duration;

use journeyman::clock::SystemClock;
use journeyman::drivers::memory::MemoryStore;
use journeyman::drivers::sqlite::SqliteStore;
use journeyman::job::QueueName;
use journeyman::queue::operations::Operations;
use journeyman::queue::{Note, NoteKey, NoteKind, Order, State, WorkerId, WorkerState, WorkerView};
use journeyman::testing::{Fault, FaultyStore, Operation};
use journeyman::worker::{Pool, Worker, WorkerOptions};

use super::jobs::{Wait, Write};
use super::{Rig, queue};
use crate::support::eventually;

fn operations(rig: &Rig) -> Operations {
    Operations::new(Arc::clone(&rig.store), [])
}

/// A worker that tells of itself often, so that tests are short.
fn options(rig: &Rig) -> WorkerOptions {
    WorkerOptions { presence: Duration::from_millis(50), ..rig.options() }
}

fn start(rig: &Rig) -> Worker {
    rig.work(options(rig))
}

fn tester() -> WorkerId {
    WorkerId::new("tester").unwrap()
}

async fn seen(rig: &Rig) -> Vec<WorkerView> {
    operations(rig).workers().await.unwrap()
}

/// Waits until the only worker looks like that.
async fn until(rig: &Rig, what: &str, is_so: impl Fn(&WorkerView) -> bool) -> WorkerView {
    eventually(what, async || matches!(&seen(rig).await[..], [only] if is_so(only))).await;
    seen(rig).await.remove(0)
}

async fn tell(rig: &Rig, order: Order) {
    assert!(operations(rig).tell_worker(&tester(), order).await.unwrap());
}

/// What a case needs to be told once on either embedded store.
struct Place {
    rig: Rig,
    _dir: tempfile::TempDir,
}

fn places() -> [Place; 2] {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let clock = Arc::new(SystemClock::default());
    let sqlite = SqliteStore::open(&dirs[0].path().join("journeyman.db"), clock.clone()).unwrap();
    let [first, second] = dirs;
    [
        Place { rig: Rig::on(Arc::new(sqlite)), _dir: first },
        Place { rig: Rig::on(Arc::new(MemoryStore::new(clock))), _dir: second },
    ]
}

#[tokio::test]
async fn r51_a_worker_shows_while_it_is_there_and_what_it_does() {
    for Place { rig, .. } in places() {
        let pools = ["b", "a"].map(|name| Pool { queues: vec![queue(name), queue(&format!("{name}2"))], slots: 2 });
        let pools = pools.into_iter().chain([Pool { queues: vec![QueueName::default()], slots: 1 }]).collect();
        let worker = rig.work(WorkerOptions { pools, ..options(&rig) });
        let view = until(&rig, "the worker shows", |view| view.state == WorkerState::Running).await;
        assert_eq!((view.worker.as_str(), view.pid, view.slots, view.busy), ("tester", Some(std::process::id()), 5, 0));
        assert_eq!(view.queues, ["b", "b2", "a", "a2", "default"].map(queue));
        assert_eq!((view.version.as_deref(), view.all_queues), (Some(env!("CARGO_PKG_VERSION")), false));
        assert!(view.started_at.unwrap() <= view.seen_at.unwrap());
        let id = rig.push(&Wait { name: "w".into() }).await;
        let busy = until(&rig, "it is busy", |view| view.busy == 1).await;
        assert_eq!(busy.started_at, view.started_at);
        rig.diary.open_gate();
        rig.until(id, State::Completed).await;
        until(&rig, "it is idle again", |view| view.busy == 0).await;
        worker.stop().await;
        assert_eq!(seen(&rig).await, []);
    }
}

#[tokio::test]
async fn r51_a_quiet_worker_finishes_what_it_runs_and_takes_no_more_until_it_is_told() {
    for Place { rig, .. } in places() {
        let worker = start(&rig);
        until(&rig, "the worker shows", |view| view.state == WorkerState::Running).await;
        let running = rig.push(&Wait { name: "w".into() }).await;
        rig.until_noted("w started").await;
        tell(&rig, Order::Quiet).await;
        until(&rig, "it is quiet", |view| view.state == WorkerState::Quiet && view.busy == 1).await;
        let waiting = rig.push(&Write { text: "later".into() }).await;
        rig.diary.open_gate();
        rig.until(running, State::Completed).await;
        // Longer than it sleeps between two looks, and than its orders take to be read again.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!(rig.record(waiting).await.state, State::Pending);
        until(&rig, "it stays", |view| view.state == WorkerState::Quiet && view.busy == 0).await;
        tell(&rig, Order::Resume).await;
        rig.until(waiting, State::Completed).await;
        until(&rig, "it runs again", |view| view.state == WorkerState::Running).await;
        worker.stop().await;
    }
}

#[tokio::test]
async fn r51_a_worker_that_is_told_to_stop_leaves_as_at_a_signal() {
    for Place { rig, .. } in places() {
        let worker = rig.work(WorkerOptions { grace: Duration::from_millis(100), ..options(&rig) });
        until(&rig, "the worker shows", |view| view.state == WorkerState::Running).await;
        let id = rig.push(&Wait { name: "w".into() }).await;
        rig.until_noted("w started").await;
        tell(&rig, Order::Stop).await;
        tokio::time::timeout(Duration::from_secs(5), worker.finished()).await.expect("the worker hears of it");
        assert!(worker.is_told_to_leave() && !worker.wants_restart());
        until(&rig, "it is stopping", |view| view.state == WorkerState::Stopping && view.busy == 1).await;
        tokio::time::timeout(Duration::from_secs(1), worker.drained()).await.expect("nobody waits for its jobs");
        worker.stop().await;
        let record = rig.record(id).await;
        assert_eq!((record.state, record.attempts), (State::Pending, 0), "given back without using an attempt");
        assert_eq!(seen(&rig).await, []);
    }
}

#[tokio::test]
async fn r51_a_quiet_worker_stops_at_once_when_told() {
    let rig = Rig::new();
    let worker = start(&rig);
    until(&rig, "the worker shows", |view| view.state == WorkerState::Running).await;
    tell(&rig, Order::Quiet).await;
    until(&rig, "it is quiet", |view| view.state == WorkerState::Quiet).await;
    tokio::time::timeout(Duration::from_secs(1), worker.stop()).await.expect("nothing holds it up");
}

#[tokio::test]
async fn r51_a_worker_that_is_not_there_is_told_nothing() {
    let rig = Rig::new();
    assert!(!operations(&rig).tell_worker(&tester(), Order::Stop).await.unwrap());
    let worker = start(&rig);
    until(&rig, "the worker shows", |view| view.state == WorkerState::Running).await;
    let heard = tokio::time::timeout(Duration::from_millis(1200), worker.finished()).await;
    assert!(heard.is_err(), "an order from before its time is not its own");
    worker.stop().await;
}

/// A worker that died says nothing more: it is lost, and then forgotten.
#[tokio::test]
async fn r51_a_worker_that_died_is_lost_and_then_gone() {
    let rig = Rig::new();
    let every = Duration::from_millis(300);
    let presence = journeyman::queue::Presence {
        worker: "tester".into(),
        host: "h".into(),
        pid: 1,
        version: "1".into(),
        queues: Vec::new(),
        all_queues: true,
        slots: 1,
        busy: 1,
        pools: Vec::new(),
        started_at: rig.store.time().await.unwrap(),
        seen_at: rig.store.time().await.unwrap(),
        due_at: rig.store.time().await.unwrap().plus(every),
        state: WorkerState::Running,
    };
    let keep = every * 3;
    let note = Note { kind: NoteKind::Worker, key: NoteKey::from(&tester()), body: presence.encode(), keep };
    rig.store.write_notes(&[note]).await.unwrap();
    assert_eq!(seen(&rig).await[0].state, WorkerState::Running);
    until(&rig, "it is lost", |view| view.state == WorkerState::Lost).await;
    eventually("it is gone", async || seen(&rig).await.is_empty()).await;
}

#[tokio::test]
async fn r51_a_damaged_note_is_shown_by_its_key() {
    let rig = Rig::new();
    let key = NoteKey::new("someone").unwrap();
    let note = Note { kind: NoteKind::Worker, key, body: "{\"host\":".into(), keep: Duration::from_secs(60) };
    rig.store.write_notes(&[note]).await.unwrap();
    let [view] = &seen(&rig).await[..] else { panic!("one is shown") };
    assert_eq!((view.worker.as_str(), view.state, view.host.as_deref()), ("someone", WorkerState::Lost, None));
}

/// R35: a store that takes no notes costs neither jobs nor beats.
#[tokio::test]
async fn r35_a_worker_that_cannot_tell_of_itself_works_all_the_same() {
    let memory = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
    let faulty = Arc::new(FaultyStore::new(memory));
    let rig = Rig::on(Arc::<FaultyStore>::clone(&faulty));
    for number in 0..1000 {
        faulty
            .plan(Operation::Note, if number % 2 == 0 { Fault::Before } else { Fault::Late(Duration::from_secs(30)) });
    }
    let worker = start(&rig);
    let held = rig.push(&Wait { name: "w".into() }).await;
    rig.until_noted("w started").await;
    // Twice its lease: it is its own only because it beats.
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.diary.open_gate();
    let record = rig.until(held, State::Completed).await;
    assert_eq!(record.attempts, 1);
    worker.stop().await;
}

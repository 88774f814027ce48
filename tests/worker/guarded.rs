//! R35: the guard around a store, with a store that fails as planned.

use std::sync::Arc;
use std::time::Duration;

use journeyman::circuit::{Circuit, CircuitOptions, Phase};
use journeyman::clock::ManualClock;
use journeyman::drivers::guarded::GuardedStore;
use journeyman::drivers::memory::MemoryStore;
use journeyman::job::QueueName;
use journeyman::queue::{Beat, Driver, Inspector, Retention, StoreError, Unit, WorkerId};
use journeyman::testing::{Fault, FaultyStore, Operation};

const THRESHOLD: u32 = 3;

fn guarded(recovery: Duration) -> (Arc<FaultyStore>, GuardedStore, Circuit) {
    let faulty = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::default())))));
    let deadline = Duration::from_millis(100);
    let circuit = Circuit::new(CircuitOptions { deadline, threshold: THRESHOLD, recovery });
    let store = GuardedStore::new(faulty.clone(), circuit.clone());
    (faulty, store, circuit)
}

async fn opened(recovery: Duration) -> (Arc<FaultyStore>, GuardedStore, Circuit) {
    let (faulty, store, circuit) = guarded(recovery);
    for _ in 0..THRESHOLD {
        faulty.plan(Operation::Read, Fault::Before);
        store.queues().await.unwrap_err();
    }
    assert_eq!(circuit.phase(), Phase::Open);
    (faulty, store, circuit)
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn r35_an_open_breaker_asks_the_store_nothing() {
    let (faulty, store, circuit) = opened(LONG).await;
    faulty.plan(Operation::Push, Fault::After);
    faulty.plan(Operation::Promote, Fault::After);
    assert!(matches!(store.push(&[], Unit::Queue).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.promote(1).await, Err(StoreError::Unavailable(_))));
    assert_eq!(faulty.pending(), 2, "neither was asked");
    assert!(circuit.remaining() > LONG / 2 && circuit.opened() == 1);
}

#[tokio::test]
async fn r35_a_call_past_its_deadline_is_unknown_if_it_writes_and_unavailable_if_it_reads() {
    let (faulty, store, _) = guarded(LONG);
    for operation in [Operation::Push, Operation::Read] {
        faulty.plan(operation, Fault::Late(LONG));
    }
    assert!(matches!(store.push(&[], Unit::Queue).await, Err(StoreError::Unknown(_))));
    assert!(matches!(store.queues().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn r35_a_store_that_refuses_or_is_full_has_answered() {
    let (faulty, store, circuit) = guarded(LONG);
    for _ in 0..3 * THRESHOLD {
        faulty.plan(Operation::Push, Fault::Refused);
        assert!(matches!(store.push(&[], Unit::Queue).await, Err(StoreError::Refused(_))));
    }
    assert_eq!(circuit.phase(), Phase::Closed);
}

/// A failed write is told, never made again.
#[tokio::test]
async fn r35_no_write_is_repeated() {
    let (faulty, store, _) = guarded(LONG);
    faulty.plan(Operation::Prune, Fault::After);
    faulty.plan(Operation::Prune, Fault::Before);
    assert!(matches!(store.prune(Retention::default(), 1).await, Err(StoreError::Unknown(_))));
    assert_eq!(faulty.pending(), 1);
}

#[tokio::test]
async fn r35_one_probe_closes_it_and_its_companions_wait_for_what_it_says() {
    let (faulty, store, circuit) = opened(Duration::from_millis(30)).await;
    crate::support::eventually("the store may be tried", async || circuit.phase() == Phase::HalfOpen).await;
    faulty.plan(Operation::Read, Fault::Late(Duration::from_millis(50)));
    let (probe, companion) = tokio::join!(biased; store.queues(), store.stats(&[]));
    assert!(probe.is_ok() && companion.is_ok(), "{probe:?} {companion:?}");
    assert_eq!(circuit.phase(), Phase::Closed);
}

#[tokio::test]
async fn r35_the_companions_of_a_probe_that_fails_are_refused_and_ask_the_store_nothing() {
    let (faulty, store, circuit) = opened(Duration::from_millis(30)).await;
    crate::support::eventually("the store may be tried", async || circuit.phase() == Phase::HalfOpen).await;
    faulty.plan(Operation::Read, Fault::Late(LONG));
    faulty.plan(Operation::Promote, Fault::After);
    let (probe, companion) = tokio::join!(biased; store.queues(), store.promote(1));
    assert!(probe.is_err() && matches!(companion, Err(StoreError::Unavailable(_))), "{probe:?} {companion:?}");
    assert_eq!((circuit.opened(), faulty.pending()), (2, 1));
}

#[tokio::test]
async fn r35_a_probe_whose_caller_has_gone_leaves_its_place() {
    let (faulty, store, circuit) = opened(Duration::from_millis(30)).await;
    crate::support::eventually("the store may be tried", async || circuit.phase() == Phase::HalfOpen).await;
    faulty.plan(Operation::Read, Fault::Late(LONG));
    let gone = tokio::time::timeout(Duration::from_millis(10), store.queues()).await;
    assert!(gone.is_err());
    assert!(store.queues().await.is_ok());
}

/// A beat that the breaker held back would lose a living worker its jobs.
#[tokio::test]
async fn r35_signs_of_life_pass_an_open_breaker_and_end_the_waiting() {
    let (faulty, store, circuit) = opened(LONG).await;
    faulty.plan(Operation::Read, Fault::Before);
    assert!(store.ping().await.is_err());
    assert_eq!(circuit.phase(), Phase::Open);
    let worker = WorkerId::new("w").unwrap();
    let beat = Beat { worker: &worker, lease: LONG, held: &[] };
    assert!(store.extend(&beat).await.is_ok());
    assert_eq!(circuit.phase(), Phase::HalfOpen);
    assert!(store.stats(&[QueueName::default()]).await.is_ok());
    assert_eq!(circuit.phase(), Phase::Closed);
}

//! Random histories on every driver. First one after another, on the driver and on the memory driver as its model, with
//! every answer compared; see `world.rs` for what is not promised and so not compared. Then many at once, where `automaton.rs`
//! looks for an order in which it can all have happened.

mod automaton;
mod crowd;
mod look;
mod operations;
mod pair;
mod stores;
mod turns;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use journeyman::clock::ManualClock;
use journeyman::drivers::StoreTime;
use journeyman::queue::Store;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Runtime;

use crate::support::effort::{effort, replay, seed};
use operations::{Operation, history};
use pair::{Pair, Wrong};
use stores::Source;
use world::World;

/// Histories per driver, and operations in the longest.
const HISTORIES: u32 = 32;
const LONGEST: usize = 60;
/// Histories of many at once per driver.
const CROWDS: u32 = 2;
/// Patience to make a history that fails shorter.
const SHRINKING_MILLIS: u32 = 120_000;

#[test]
fn sqlite_does_what_the_model_does() {
    compare(async |_| Source::Sqlite);
}

#[test]
fn redis_does_what_the_model_does() {
    compare(async |_| Source::Redis);
}

#[test]
fn mariadb_does_what_the_model_does() {
    compare(async |time| Source::mariadb(time).await);
}

#[test]
fn postgres_does_what_the_model_does() {
    compare(async |time| Source::postgres(time).await);
}

/// The model itself.
#[test]
fn what_many_see_of_memory_at_once_can_be_explained() {
    explain(async || stores::two_in_memory());
}

#[test]
fn what_many_see_of_sqlite_at_once_can_be_explained() {
    let dir = tempfile::tempdir().unwrap();
    explain(async || stores::two_on_sqlite(&dir.path().join("journeyman.db")).await);
}

#[test]
fn what_many_see_of_redis_at_once_can_be_explained() {
    explain(async || stores::two_on_redis().await);
}

#[test]
fn what_many_see_of_mariadb_at_once_can_be_explained() {
    explain(async || stores::two_on_database(crate::support::mariadb::shared().fresh_url()).await);
}

#[test]
fn what_many_see_of_postgres_at_once_can_be_explained() {
    explain(async || stores::two_on_database(crate::support::postgres::shared().fresh_url()).await);
}

fn explain(open: impl AsyncFn() -> [Arc<dyn Store>; 2]) {
    let runtime = Runtime::new().unwrap();
    let stores = runtime.block_on(open());
    let mut sum = crowd::Explained::default();
    for number in 0..CROWDS * effort() {
        let seed = seed().wrapping_add(u64::from(number));
        let history = crowd::one_history(stores.clone(), format!("crowd-{number}"), seed);
        match runtime.block_on(history) {
            Ok(explained) => {
                sum.jobs += explained.jobs;
                sum.calls += explained.calls;
                sum.in_turn += explained.in_turn;
            }
            Err(wrong) => panic!("history {number}: {wrong}\nagain, as far as tasks run the same: {}", replay()),
        }
    }
    let least = usize::try_from(CROWDS * effort()).unwrap();
    assert!(
        sum.jobs > 50 * least && sum.calls > 100 * least && sum.in_turn > 5 * least,
        "too little was seen: {sum:?}"
    );
}

fn compare(open: impl AsyncFn(StoreTime) -> Source) {
    let clock = Arc::new(ManualClock::default());
    let runtime = Runtime::new().unwrap();
    let source = runtime.block_on(open(StoreTime::Manual(clock.clone())));
    let case = AtomicU32::new(0);
    let tried = AtomicU32::new(0);
    let run = |operations: Vec<Operation>| {
        tried.fetch_add(u32::try_from(operations.len()).unwrap(), Ordering::Relaxed);
        let number = case.fetch_add(1, Ordering::Relaxed);
        runtime.block_on(one_history(&source, &clock, number, &operations)).map_err(TestCaseError::fail)
    };
    let config = Config {
        cases: HISTORIES * effort(),
        failure_persistence: None,
        max_shrink_time: SHRINKING_MILLIS,
        max_shrink_iters: u32::MAX,
        ..Config::default()
    };
    let mut seeded = [0; 32];
    seeded[..8].copy_from_slice(&seed().to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seeded);
    let outcome = TestRunner::new_with_rng(config, rng).run(&history(LONGEST), run);
    if let Err(error) = outcome {
        panic!("{}\nagain: {}", told(error), replay());
    }
    assert!(tried.into_inner() > HISTORIES * effort(), "hardly any operation was tried");
}

async fn one_history(
    source: &Source,
    clock: &Arc<ManualClock>,
    number: u32,
    operations: &[Operation],
) -> Result<(), Wrong> {
    let fresh = source.fresh(clock).await;
    let mut world = World::new(Pair::new(Arc::clone(&fresh.store), clock.clone()), number);
    for (place, operation) in operations.iter().enumerate() {
        world.apply(operation).await.map_err(|wrong| format!("operation {place}: {wrong}"))?;
    }
    for page in [1, 7] {
        look::at_all(&world, page).await.map_err(|wrong| format!("at the end: {wrong}"))?;
    }
    look::for_each(&world).await.map_err(|wrong| format!("at the end: {wrong}"))?;
    world.finish().await.map_err(|wrong| format!("after the end: {wrong}"))
}

fn told(error: TestError<Vec<Operation>>) -> String {
    match error {
        TestError::Abort(reason) => format!("given up: {reason}"),
        TestError::Fail(reason, operations) => {
            let listed: String =
                operations.iter().enumerate().map(|(place, operation)| format!("\n  {place}: {operation:?}")).collect();
            format!("{reason}\nin this history:{listed}")
        }
    }
}

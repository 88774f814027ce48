//! How pushes are gathered into store calls.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use journeyman::clock::ManualClock;
use journeyman::drivers::memory::MemoryStore;
use journeyman::queue::{Inspector, QueueManager, Routing};
use journeyman::testing::{Fault, FaultyStore, Operation};
use tokio::time::{Instant, sleep};

use super::job;

/// More than any of these tests makes.
const PLANNED: usize = 20;

/// A store whose pushes take this long each, one after the other, and then no time at all.
fn store(takes: impl IntoIterator<Item = Duration>) -> (Arc<FaultyStore>, QueueManager) {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::default())))));
    takes.into_iter().for_each(|time| store.plan(Operation::Push, Fault::Late(time)));
    (Arc::clone(&store), QueueManager::new(store, Routing::default()))
}

async fn send(manager: &QueueManager, jobs: usize) {
    let sent = join_all((0..jobs).map(|_| manager.send(job("noop", "{}")))).await;
    assert!(sent.into_iter().all(|sent| sent.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn few_jobs_that_arrive_during_a_call_share_the_next_one() {
    let (store, manager) = store([Duration::from_millis(2); PLANNED]);
    let begun = Instant::now();
    let later = async {
        sleep(Duration::from_millis(1)).await;
        send(&manager, 10).await;
    };
    tokio::join!(send(&manager, 1), later);
    assert_eq!((PLANNED - store.pending(), begun.elapsed().as_millis()), (2, 4));
}

#[tokio::test(start_paused = true)]
async fn many_jobs_go_beside_a_call_that_is_under_way() {
    let (store, manager) = store([Duration::from_millis(4); PLANNED]);
    let begun = Instant::now();
    let later = async {
        sleep(Duration::from_millis(1)).await;
        send(&manager, 40).await;
    };
    tokio::join!(send(&manager, 1), later);
    assert_eq!((PLANNED - store.pending(), begun.elapsed().as_millis()), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_does_not_hold_up_who_arrives_meanwhile() {
    let (_store, manager) = store([Duration::from_secs(3)]);
    let begun = Instant::now();
    let later = async {
        sleep(Duration::from_millis(1)).await;
        send(&manager, 1).await;
        assert!(begun.elapsed() < Duration::from_millis(10), "{:?}", begun.elapsed());
        sleep(Duration::from_secs(1)).await;
        send(&manager, 1).await;
        for _ in 0..10 {
            send(&manager, 1).await;
        }
        assert!(begun.elapsed() < Duration::from_millis(1010), "{:?}", begun.elapsed());
    };
    tokio::join!(send(&manager, 1), later);
}

/// Callers that go away take nothing back, and neither does the last manager.
#[tokio::test(start_paused = true)]
async fn what_was_handed_over_is_stored_although_nobody_waits_for_it() {
    let (store, manager) = store([Duration::from_millis(2); 2]);
    let mut first = Box::pin(send(&manager, 1));
    assert!(futures::poll!(first.as_mut()).is_pending());
    sleep(Duration::from_millis(1)).await;
    let mut second = Box::pin(send(&manager, 3));
    assert!(futures::poll!(second.as_mut()).is_pending());
    drop((first, second));
    drop(manager);
    sleep(Duration::from_millis(10)).await;
    let stats = store.stats(&[super::queue("default")]).await.unwrap();
    assert_eq!(stats[0].total_pending(), 4);
}

//! Hints that wake idle workers.

use std::sync::Arc;
use std::time::Duration;

use journeyman::queue::{Settlement, Store};
use journeyman::wake::Wakeups;
use tokio::time::timeout;

use super::harness::Harness;
use super::jobs::{Building, QUEUE, job, queues, seconds};

/// Longest a hint may take.
const SOON: Duration = Duration::from_secs(2);

fn listen(store: &Arc<dyn Store>, names: &[&str]) -> Wakeups {
    store.wakeups(&queues(names))
}

async fn hears(wakeups: &Wakeups) {
    timeout(SOON, wakeups.next()).await.expect("a hint comes");
}

/// S14
pub async fn a_push_wakes_who_listens(h: &Harness) {
    let wakeups = listen(&h.store, &[QUEUE]);
    let listener = tokio::spawn(async move { hears(&wakeups).await });
    h.push(1).await;
    listener.await.unwrap();
}

/// S14: a worker that is busy at the moment of the hint finds it afterwards.
pub async fn a_hint_is_kept_while_nobody_waits(h: &Harness) {
    let wakeups = listen(&h.store, &[QUEUE]);
    h.push(1).await;
    let held = h.take().await;
    h.done(&held, Settlement::Complete).await;
    hears(&wakeups).await;
}

/// S14
pub async fn every_listener_of_a_queue_is_woken(h: &Harness) {
    let listeners = [listen(&h.store, &[QUEUE]), listen(&h.store, &["other", QUEUE])];
    h.push(1).await;
    for wakeups in &listeners {
        hears(wakeups).await;
    }
}

/// S14
pub async fn a_listener_hears_each_of_its_queues(h: &Harness) {
    let wakeups = listen(&h.store, &["a", "b"]);
    for name in ["a", "b"] {
        h.push_to(name, 1).await;
        hears(&wakeups).await;
    }
}

/// S14: hints for other queues would wake every worker for every push.
pub async fn a_push_to_another_queue_wakes_nobody(h: &Harness) {
    let (wakeups, of_other) = (listen(&h.store, &[QUEUE]), listen(&h.store, &["other"]));
    h.push_to("other", 1).await;
    // By the time this one is through, the other would be as well.
    hears(&of_other).await;
    assert!(timeout(Duration::ZERO, wakeups.next()).await.is_err());
}

/// S14, R19: a worker that sleeps until the next due job must learn of an earlier one.
pub async fn a_delayed_push_that_is_the_earliest_wakes(h: &Harness) {
    let wakeups = listen(&h.store, &[QUEUE]);
    for delay in [60, 30, 10] {
        h.push_one(job().after(seconds(delay))).await;
        hears(&wakeups).await;
    }
}

/// S14, R19: as a push would.
pub async fn a_hastened_job_wakes_who_listens(h: &Harness) {
    let id = h.push_delayed(60).await;
    let wakeups = listen(&h.store, &[QUEUE]);
    // A hint of the push may still be on its way.
    while timeout(SOON / 10, wakeups.next()).await.is_ok() {}
    h.store.hasten(id).await.unwrap();
    hears(&wakeups).await;
}

/// S14: another process's push is heard too. One hint may be missed, not all of them.
pub async fn another_handle_hears_a_push(h: &Harness) {
    let other = h.second().await;
    let wakeups = listen(&other, &[QUEUE]);
    let pushing = async {
        loop {
            let held = h.held().await;
            h.done(&held, Settlement::Complete).await;
            if timeout(SOON / 10, wakeups.next()).await.is_ok() {
                return;
            }
        }
    };
    timeout(SOON, pushing).await.expect("a hint comes");
}

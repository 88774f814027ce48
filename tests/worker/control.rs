//! R51: what operators tell all workers.

use std::time::Duration;

use journeyman::queue::State;

use super::Rig;
use super::jobs::Wait;

#[tokio::test]
async fn r51_a_worker_that_is_told_to_restart_ends_its_jobs_and_stops() {
    let rig = Rig::new();
    let worker = rig.start();
    let id = rig.push(&Wait { name: "w".into() }).await;
    rig.until_noted("w started").await;
    // Not before the worker knows the count of before, which is the first thing it asks for.
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.store.signal_restart().await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), worker.finished()).await.expect("the worker hears of it");
    assert!(worker.wants_restart());
    rig.diary.open_gate();
    worker.stop().await;
    assert_eq!(rig.record(id).await.state, State::Completed);
}

#[tokio::test]
async fn r51_a_restart_of_before_does_not_concern_a_worker() {
    let rig = Rig::new();
    rig.store.signal_restart().await.unwrap();
    let worker = rig.start();
    let heard = tokio::time::timeout(Duration::from_millis(1500), worker.finished()).await;
    assert!(heard.is_err() && !worker.wants_restart());
    worker.stop().await;
}

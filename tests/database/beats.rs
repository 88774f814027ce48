//! P4, P5: a beat that reads while others settle and take.

use std::sync::Arc;
use std::time::Duration;

use journeyman::queue::{Beat, Driver, Unit, WorkerId};

use super::gate::Gate;
use super::{LEASE, give_back, job, open, take};
use crate::support::{mariadb, postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_a_beat_hands_out_no_other_workers_job_on_mariadb() {
    hands_out_none(&mariadb::shared().fresh_url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_a_beat_hands_out_no_other_workers_job_on_postgres() {
    hands_out_none(&postgres::shared().fresh_url()).await;
}

/// Between the beat's look at the tokens and its look at the jobs, the job is given back and taken by another worker.
async fn hands_out_none(url: &str) {
    let patience = Duration::from_secs(10);
    let gate = Gate::to(url);
    let (beating, other) = (Arc::new(open(&gate.url, patience).await), open(url, patience).await);
    let (a, b) = (WorkerId::new("a").unwrap(), WorkerId::new("b").unwrap());
    other.push(&[job()], Unit::Queue).await.unwrap();
    let held = take(&other, &a, 1, 1).await.pop().unwrap();

    gate.close_at(&[b"j.started_at\nFROM"]);
    let beat = tokio::spawn({
        let (beating, a) = (Arc::clone(&beating), a.clone());
        async move { beating.extend(&Beat { worker: &a, lease: LEASE, held: &[] }).await.unwrap() }
    });
    gate.is_closed().await;
    give_back(&other, &held).await;
    assert_eq!(take(&other, &b, 1, 2).await.len(), 1);
    gate.open();

    assert_eq!(beat.await.unwrap().unknown.len(), 0, "the job is b's");
}

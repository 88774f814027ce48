//! R30, R31: pruning by two processes at the same time, and what it leaves to tell of what was there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use journeyman::drivers::database::DatabaseStore;
use journeyman::job::{Priority, QueueName};
use journeyman::queue::{
    Driver, Forgotten, Found, Inspector, Operator, ReservedJob, Retention, Settle, Settlement, Unit, WorkerId,
};

use super::gate::{COMMIT, Gate};
use super::{job, open, take};
use crate::support::{mariadb, postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r30_pruners_at_once_keep_as_many_records_as_one_on_mariadb() {
    keep_as_many(&mariadb::shared().fresh_url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r30_pruners_at_once_keep_as_many_records_as_one_on_postgres() {
    keep_as_many(&postgres::shared().fresh_url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r31_a_pruned_id_of_the_callers_choice_expires_no_other_on_mariadb() {
    expires_no_other(&mariadb::shared().fresh_url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r31_a_pruned_id_of_the_callers_choice_expires_no_other_on_postgres() {
    expires_no_other(&postgres::shared().fresh_url()).await;
}

async fn keep_as_many(url: &str) {
    let patience = Duration::from_secs(10);
    let gate = Gate::to(url);
    let (first, second) = (Arc::new(open(&gate.url, patience).await), open(url, patience).await);
    let jobs: Vec<_> = (0..20).map(|_| job()).collect();
    second.push(&jobs, Unit::Queue).await.unwrap();
    let held = take(&second, &WorkerId::new("w").unwrap(), 20, 1).await;
    complete(&second, held).await;

    let retention = Retention { ttl: Duration::from_secs(1000), max_records: 12 };
    gate.close_at(COMMIT);
    let pruning = tokio::spawn({
        let first = Arc::clone(&first);
        async move { first.prune(retention, 500).await.unwrap() }
    });
    gate.is_closed().await;
    assert_eq!(second.prune(retention, 500).await.unwrap(), 0, "one is enough");
    gate.open();
    assert_eq!(pruning.await.unwrap(), 8);
    assert_eq!(second.prune(retention, 500).await.unwrap(), 0);
    let stats = second.stats(&[QueueName::default()]).await.unwrap();
    assert_eq!(stats[0].completed, 12);
}

/// What it says of its time is what its caller made up.
async fn expires_no_other(url: &str) {
    let store = open(url, Duration::from_secs(10)).await;
    let (mut chosen, own) = (job(), job());
    chosen.envelope.id = "3a4f0000-0000-7000-8000-000000000001".parse().unwrap();
    chosen.is_named = true;
    let worker = WorkerId::new("w").unwrap();
    let retention = Retention { ttl: Duration::ZERO, max_records: 12 };
    store.push(std::slice::from_ref(&chosen), Unit::Queue).await.unwrap();
    complete(&store, take(&store, &worker, 1, 1).await).await;
    assert_eq!(store.prune(retention, 500).await.unwrap(), 1);
    assert_eq!(store.find(own.id()).await.unwrap(), Found::Nothing);

    // One of the store's own does tell, whoever removed it.
    store.push(std::slice::from_ref(&own), Unit::Queue).await.unwrap();
    complete(&store, take(&store, &worker, 1, 2).await).await;
    assert_eq!(store.forget(own.id()).await.unwrap(), Forgotten::Done);
    assert_eq!(store.find(own.id()).await.unwrap(), Found::Expired);
    let purged = job();
    store.push(std::slice::from_ref(&purged), Unit::Queue).await.unwrap();
    assert_eq!(store.purge(&QueueName::default(), Some(Priority::Normal), 500).await.unwrap(), 1);
    assert_eq!(store.find(purged.id()).await.unwrap(), Found::Expired);
}

async fn complete(store: &DatabaseStore, held: Vec<ReservedJob>) {
    let done = |job: ReservedJob| Settle {
        reservation: job.reservation,
        settlement: Settlement::Complete,
        trail: Bytes::new(),
        counted: None,
        then: Vec::new(),
    };
    let batch: Vec<Settle> = held.into_iter().map(done).collect();
    store.settle(&batch).await.unwrap();
}

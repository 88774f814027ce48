//! What the writer knows without looking, and when it looks again.

use std::time::Duration;

use journeyman_job::{Priority, QueueName, When};
use rusqlite::StatementStatus;

use super::super::error::Failure;
use super::super::group::{Change, Group};
use super::super::{SqliteStore, entry, promote, reserve};
use super::{Gate, LEASE, Place, completed, job_of, jobs};
use crate::chance;
use crate::queue::{Driver, Inspector, NewJob, Operator, ReserveRequest, Reserved, Retention, Settle, Unit, WorkerId};

fn queues(count: usize) -> Vec<QueueName> {
    (0..count).map(|number| QueueName::new(&format!("queue-{number}")).unwrap()).collect()
}

fn job_on(queue: &QueueName) -> NewJob {
    let mut job = job_of(b"{}");
    job.envelope.queue = queue.clone();
    job
}

async fn ask(store: &SqliteStore, queues: &[QueueName]) -> Reserved {
    let worker = WorkerId::new("worker").unwrap();
    let request = ReserveRequest {
        worker: &worker,
        queues,
        order: Priority::DESCENDING,
        max: 10,
        lease: LEASE,
        call: chance::call_id(),
        is_repeat: false,
    };
    store.reserve(&request).await.unwrap()
}

/// How often the writer has run what looks through queues.
#[derive(Debug)]
struct Looks;

impl Change for Looks {
    type Answer = i32;

    fn apply(&self, group: &mut Group<'_>) -> Result<i32, Failure> {
        let looks = [reserve::FRONT, entry::LOAD, entry::EARLIEST, promote::DUE];
        let runs = |sql| Ok(group.statement(sql)?.get_status(StatementStatus::Run));
        looks.into_iter().map(runs).sum()
    }

    fn weight(&self) -> usize {
        1
    }
}

#[tokio::test]
async fn empty_queues_cost_a_reserve_no_statement() {
    let place = Place::new();
    let store = place.open();
    let queues = queues(100);
    let all: Vec<NewJob> = queues.iter().map(job_on).collect();
    store.push(&all, Unit::Queue).await.unwrap();
    while !ask(&store, &queues).await.jobs.is_empty() {}
    let before = store.change(Looks).await.unwrap();
    for _ in 0..10 {
        assert!(ask(&store, &queues).await.jobs.is_empty());
    }
    assert_eq!(store.change(Looks).await.unwrap(), before);
    // One that is no longer empty is found all the same.
    store.push(&[job_on(&queues[70])], Unit::Queue).await.unwrap();
    assert_eq!(ask(&store, &queues).await.jobs.len(), 1);
}

#[tokio::test]
async fn what_another_process_writes_is_seen_by_the_next_reserve() {
    let place = Place::new();
    let (here, elsewhere) = (place.open(), place.open());
    let queues = queues(3);
    for queue in queues.iter().cycle().take(30) {
        assert!(ask(&here, &queues).await.jobs.is_empty());
        elsewhere.push(&[job_on(queue)], Unit::Queue).await.unwrap();
        elsewhere.pause(queue).await.unwrap();
        assert!(ask(&here, &queues).await.jobs.is_empty());
        elsewhere.resume(queue).await.unwrap();
        assert_eq!(ask(&here, &queues).await.jobs.len(), 1);
    }
}

#[tokio::test]
async fn a_delayed_job_of_another_process_is_seen_in_its_time() {
    let place = Place::new();
    let (here, elsewhere) = (place.open(), place.open());
    let queues = queues(1);
    assert_eq!(ask(&here, &queues).await.next_due, None);
    let delayed = NewJob { when: When::After(Duration::from_millis(40)), ..job_on(&queues[0]) };
    elsewhere.push(&[delayed], Unit::Queue).await.unwrap();
    let due = ask(&here, &queues).await;
    tokio::time::sleep(due.next_due.expect("a time")).await;
    assert_eq!(ask(&here, &queues).await.jobs.len(), 1);
}

#[tokio::test]
async fn a_cancelled_or_purged_delayed_job_is_waited_for_no_more() {
    let place = Place::new();
    let store = place.open();
    let queues = queues(1);
    let [soon, late] =
        [60, 600].map(|seconds| NewJob { when: When::After(Duration::from_secs(seconds)), ..job_on(&queues[0]) });
    store.push(&[soon.clone(), late], Unit::Queue).await.unwrap();
    assert!(ask(&store, &queues).await.next_due <= Some(Duration::from_secs(60)));
    store.cancel(soon.id()).await.unwrap();
    assert!(ask(&store, &queues).await.next_due > Some(Duration::from_secs(60)));
    assert_eq!(store.purge(&queues[0], None, 10).await.unwrap(), 1);
    assert_eq!(ask(&store, &queues).await.next_due, None);
}

#[tokio::test]
async fn two_prunes_in_one_transaction_remove_no_more_than_one() {
    let place = Place::new();
    let store = place.open();
    store.push(&jobs(10), Unit::Queue).await.unwrap();
    let taken = ask(&store, &[QueueName::default()]).await.jobs;
    let batch: Vec<Settle> = taken.iter().map(completed).collect();
    store.settle(&batch).await.unwrap();
    let retention = Retention { max_records: 6, ..Retention::default() };
    let (gate, entered, opener) = Gate::new();
    let in_one_group = async {
        entered.notified().await;
        tokio::join!(store.prune(retention, 500), store.prune(retention, 500), async move {
            opener.send(()).unwrap();
        })
    };
    let (passed, (first, second, ())) = tokio::join!(store.change(gate), in_one_group);
    passed.unwrap();
    assert_eq!((first.unwrap(), second.unwrap()), (4, 0));
    let stats = store.stats(&[QueueName::default()]).await.unwrap().pop().unwrap();
    assert_eq!(stats.completed, 6);
}

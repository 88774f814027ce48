//! Pushes that share a store call.

use futures::future::join_all;
use journeyman::job::{Dispatch, JobSpec, RawJson};
use journeyman::queue::{QueueManager, Routing};

use super::*;

/// R35: callers whose jobs go together are told what became of their own queue's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_a_queue_that_takes_no_jobs_costs_no_other_caller_an_answer() {
    let server = Server::start(&[]);
    let store = std::sync::Arc::new(open(&server).await);
    let manager = QueueManager::new(store, Routing::default());
    server.ask(&["SET", "journeyman:queue:{bad}", "by hand"]);
    let send = async |number: usize| {
        let data = RawJson::parse(r#"{"value": 1}"#.to_owned()).unwrap();
        let job = journeyman::queue::decode_payload("echo", &data).unwrap();
        let spec = JobSpec::with_data(job.as_ref(), "echo".to_owned(), data).unwrap();
        let name = ["bad", "default", "other"][number % 3];
        manager.send(Dispatch::from(spec).on_queue(QueueName::new(name).unwrap())).await
    };
    let sent = join_all((0..60).map(&send)).await;
    for (number, sent) in sent.into_iter().enumerate() {
        match sent {
            Ok(sent) => assert!(number % 3 != 0 && !sent.is_repeat, "{number}: {sent:?}"),
            Err(error) => assert!(number % 3 == 0, "{number}: {error:?}"),
        }
    }
}

/// Plain jobs go by the smaller script: each to the list of its priority, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_jobs_of_several_priorities_are_stored_by_one_call() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let of = |priority| {
        let job = job();
        NewJob { envelope: Envelope { priority, ..job.envelope }, ..job }
    };
    let jobs = [Priority::Low, Priority::High, Priority::Normal, Priority::High, Priority::Low].map(of);
    let stored = PushOutcome::Stored { delayed: false };
    assert_eq!(store.push(&jobs, Unit::Whole).await.unwrap(), vec![stored; 5]);
    let taken: Vec<JobId> = reserve(&store, 5).await.unwrap().iter().map(|job| job.reservation.job).collect();
    assert_eq!(taken, [1, 3, 2, 0, 4].map(|place: usize| jobs[place].id()));
}

/// A call whose answer was lost is repeated, be it with further jobs beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_job_that_is_there_already_is_told_and_costs_the_others_nothing() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let (first, second) = (job(), job());
    store.push(std::slice::from_ref(&first), Unit::Queue).await.unwrap();
    let told = store.push(&[first.clone(), second.clone()], Unit::Queue).await.unwrap();
    assert_eq!(told, [PushOutcome::Repeated, PushOutcome::Stored { delayed: false }]);
    let other = NewJob { envelope: Envelope { body: Bytes::from_static(b"other"), ..first.envelope.clone() }, ..first };
    let told = store.push(&[job(), other], Unit::Whole).await.unwrap();
    assert_eq!(told, [PushOutcome::Withheld, PushOutcome::Conflict]);
    assert_eq!(reserve(&store, 5).await.unwrap().len(), 2);
}

/// First calls on many queues at the same time find no script, and one of them loads it for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_calls_load_their_script_once() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    server.ask(&["CONFIG", "RESETSTAT"]);
    let push = async |number: usize| {
        let mut job = job();
        job.envelope.queue = QueueName::new(&format!("q{number}")).unwrap();
        store.push(&[job], Unit::Queue).await
    };
    assert!(join_all((0..50).map(push)).await.into_iter().all(|pushed| pushed.is_ok()));
    let stats = server.ask(&["INFO", "commandstats"]);
    assert!(stats.contains("cmdstat_script|load:calls=1,"), "{stats}");
}

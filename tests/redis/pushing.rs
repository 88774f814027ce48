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

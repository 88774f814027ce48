//! R18, R27, R34: where a dispatch goes.

use std::time::Duration;

use journeyman::job::{DispatchError, Priority};
use journeyman::queue::State;

use super::{app, config, job, queue, record};

const BOTH: &[(&str, &str)] =
    &[("QUEUE_CONNECTION", "memory"), ("QUEUE_CONNECTIONS", "other=memory:,now=sync:,off=null:")];

#[tokio::test]
async fn r27_a_dispatch_goes_to_the_connection_it_names() {
    let app = app(BOTH).await;
    let sent = app.manager.send(job("noop", "{}").on_connection("other")).await.unwrap();
    let other = app.manager.connection("other").unwrap();
    assert_eq!(record(other, sent.id).await.state, State::Pending);
    assert_eq!(
        (app.manager.size(&queue("default")).await.unwrap(), other.size(&queue("default")).await.unwrap()),
        (0, 1)
    );
    // The default one has a name too.
    let sent = app.manager.send(job("noop", "{}").on_connection("memory")).await.unwrap();
    assert_eq!(record(&app.manager, sent.id).await.state, State::Pending);
}

#[tokio::test]
async fn r27_an_unknown_connection_is_refused_by_name() {
    let app = app(BOTH).await;
    let error = app.manager.send(job("noop", "{}").on_connection("nowhere")).await.unwrap_err();
    assert!(matches!(&error, DispatchError::UnknownConnection(name) if name == "nowhere"), "{error}");
}

#[tokio::test]
async fn r22_a_bulk_goes_to_one_connection_or_is_refused() {
    let app = app(BOTH).await;
    let bulk = vec![job("noop", "{}"), job("noop", "{}").on_connection("other")];
    let error = app.manager.bulk(bulk).await.unwrap_err();
    assert!(error.to_string().contains("one connection"), "{error}");
    assert_eq!(app.manager.size(&queue("default")).await.unwrap(), 0);
    let bulk = vec![job("noop", "{}").on_connection("other"); 2];
    assert_eq!(app.manager.bulk(bulk).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_sync_runs_a_job_once_while_it_is_dispatched() {
    let app = app(&[("QUEUE_CONNECTION", "sync")]).await;
    let later = job("echo", r#"{"value": [1]}"#).delay(Duration::from_secs(3600));
    let sent = app.manager.send(later).await.unwrap();
    assert_eq!(sent.state, State::Completed);
    assert_eq!(record(&app.manager, sent.id).await.trail.result.unwrap().get(), "[1]");
    let sent = app.manager.send(job("flaky", r#"{"failures": 1}"#)).await.unwrap();
    assert_eq!(sent.state, State::Failed);
    assert_eq!(record(&app.manager, sent.id).await.attempts, 1);
    assert!(!app.has_workers());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_named_sync_connection_runs_its_jobs_too() {
    let app = app(BOTH).await;
    let sent = app.manager.send(job("noop", "{}").on_connection("now")).await.unwrap();
    assert_eq!(sent.state, State::Completed);
}

#[tokio::test]
async fn r34_null_takes_a_job_and_forgets_it() {
    let app = app(BOTH).await;
    let sent = app.manager.send(job("noop", "{}").on_connection("off")).await.unwrap();
    let off = app.manager.connection("off").unwrap();
    assert_eq!(off.store().find(sent.id).await.unwrap(), journeyman::queue::Found::Nothing);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r27_code_that_blocks_can_dispatch() {
    let app = app(BOTH).await;
    let manager = app.manager.clone();
    let sent = tokio::task::spawn_blocking(move || manager.send_blocking(job("noop", "{}"))).await.unwrap().unwrap();
    assert_eq!(record(&app.manager, sent.id).await.state, State::Pending);
}

#[tokio::test]
async fn r27_a_blocking_dispatch_never_stops_the_only_thread_there_is() {
    let app = app(BOTH).await;
    let error = app.manager.send_blocking(job("noop", "{}")).unwrap_err();
    assert!(error.to_string().contains("use send"), "{error}");
}

#[tokio::test]
async fn r18_a_type_can_have_a_queue_of_its_own() {
    let app = app(&[("QUEUE_CONNECTION", "memory"), ("QUEUE_PER_TYPE", "true")]).await;
    let own = app.manager.send(job("noop", "{}")).await.unwrap();
    assert_eq!(own.queue, queue("noop"));
    let named = app.manager.send(job("noop", "{}").on_queue(queue("elsewhere"))).await.unwrap();
    assert_eq!(named.queue, queue("elsewhere"));
}

#[tokio::test]
async fn r18_a_queues_priority_comes_from_the_settings() {
    let app = app(&[("QUEUE_CONNECTION", "memory"), ("QUEUE_PRIORITIES", "reports=critical")]).await;
    for (name, priority) in [("reports", Priority::Critical), ("high_priority", Priority::Normal)] {
        let sent = app.manager.send(job("noop", "{}").on_queue(queue(name))).await.unwrap();
        assert_eq!(record(&app.manager, sent.id).await.priority, priority, "{name}");
    }
    assert_eq!(config(&[]).queue.priorities.unwrap().len(), 2, "high_priority and low_priority, unless told otherwise");
}

//! R25: callbacks that are URLs, from dispatch to the receiver.

use journeyman::app::App;
use journeyman::job::Callback;
use journeyman::queue::State;
use serde_json::{Value, json};

use super::{app, job, record, until};
use crate::support::receiver::Receiver;

async fn app_that_trusts(receiver: &Receiver) -> App {
    let ca_file = receiver.ca_file.to_str().unwrap();
    let private = ("CALLBACKS_ALLOW_PRIVATE", "true");
    app(&[("QUEUE_CONNECTION", "memory"), private, ("CALLBACKS_CA_FILE", ca_file)]).await
}

fn header<'a>(post: &'a str, name: &str) -> &'a str {
    post.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_a_url_is_posted_exactly_entity_result_and_operation_id() {
    let mut receiver = Receiver::answering("HTTP/1.1 202 Accepted\r\n\r\n").await;
    let app = app_that_trusts(&receiver).await;
    let worker = app.work(false, None).unwrap();
    let dispatch = job("echo", r#"{"value": [ 9007199254740993 ]}"#).on_success(Callback::Url(receiver.url()));
    let sent = app.manager.send(dispatch).await.unwrap();
    let post = receiver.posts.recv().await.unwrap();
    let parent = until(&app.manager, sent.id, State::Completed).await;
    let child = until(&app.manager, parent.trail.callbacks[0].id, State::Completed).await;
    let (_, body) = post.split_once("\r\n\r\n").unwrap();
    let value = json!([9_007_199_254_740_993_u64]);
    let expected = json!({"entity": {"value": value}, "result": value, "operation_id": sent.id});
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
    assert_eq!(header(&post, "idempotency-key"), child.id.to_string());
    assert_eq!(child.trail.result.as_ref().unwrap().get(), r#"{"status":202}"#);
    worker.stop().await;
}

/// R25: three tries of its own under one key, and whatever becomes of them is nothing to the parent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_a_receiver_that_is_down_is_tried_three_times_and_the_parent_stays_completed() {
    let mut receiver = Receiver::answering("HTTP/1.1 503 Service Unavailable\r\n\r\n").await;
    let app = app_that_trusts(&receiver).await;
    let worker = app.work(false, None).unwrap();
    let sent = app.manager.send(job("noop", "{}").on_success(Callback::Url(receiver.url()))).await.unwrap();
    let mut posts = Vec::new();
    while posts.len() < 3 {
        posts.push(receiver.posts.recv().await.unwrap());
    }
    let parent = record(&app.manager, sent.id).await;
    let child = until(&app.manager, parent.trail.callbacks[0].id, State::Failed).await;
    let attempts: Vec<&str> = posts.iter().map(|post| header(post, "x-journeyman-attempt")).collect();
    assert_eq!((attempts.as_slice(), child.attempts), (["1", "2", "3"].as_slice(), 3));
    assert!(posts.iter().all(|post| header(post, "idempotency-key") == child.id.to_string()));
    let said = child.trail.error.as_ref().unwrap().message().to_owned();
    assert!(said.ends_with("answered 503") && !said.contains("canary"), "{said}");
    assert_eq!((parent.state, record(&app.manager, sent.id).await.state), (State::Completed, State::Completed));
    worker.stop().await;
}

/// R25: by default nothing inside can be reached.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_without_leave_no_callback_reaches_this_machine() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let ca_file = receiver.ca_file.to_str().unwrap();
    let app = app(&[("QUEUE_CONNECTION", "memory"), ("CALLBACKS_CA_FILE", ca_file)]).await;
    let worker = app.work(false, None).unwrap();
    let sent = app.manager.send(job("noop", "{}").on_success(Callback::Url(receiver.url()))).await.unwrap();
    let parent = until(&app.manager, sent.id, State::Completed).await;
    let child = until(&app.manager, parent.trail.callbacks[0].id, State::Failed).await;
    assert_eq!((child.attempts, receiver.connections()), (1, 0));
    worker.stop().await;
}

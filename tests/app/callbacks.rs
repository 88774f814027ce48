//! R25: callbacks from dispatch to their own end, with the real worker.

use journeyman::queue::{JobRecord, State};
use serde_json::{Value, json};

use super::{app, callback, job, record, until};

/// What `record_callback` was given, which is also its result.
fn payload(record: &JobRecord) -> Value {
    serde_json::from_str(record.trail.result.as_ref().unwrap().get()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_a_success_runs_its_callback_with_entity_result_and_operation_id() {
    let app = app(&[("QUEUE_CONNECTION", "memory")]).await;
    let worker = app.work(false, None).unwrap();
    let dispatch = job("echo", r#"{"value": {"big": 9007199254740993}}"#)
        .on_success(callback("record_callback"))
        .on_failure(callback("always_fails"));
    let sent = app.manager.send(dispatch).await.unwrap();
    let parent = until(&app.manager, sent.id, State::Completed).await;
    let [told] = &parent.trail.callbacks[..] else { panic!("{parent:?}") };
    assert_eq!(told.on, "success");
    let child = until(&app.manager, told.id, State::Completed).await;
    let value = json!({"big": 9_007_199_254_740_993_u64});
    let expected = json!({"entity": {"value": value}, "result": value, "operation_id": sent.id});
    assert_eq!(payload(&child), expected);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_a_failure_runs_its_callback_with_entity_error_and_operation_id() {
    let app = app(&[("QUEUE_CONNECTION", "memory")]).await;
    let worker = app.work(false, None).unwrap();
    let dispatch = job("always_fails", "{}").max_tries(1).on_failure(callback("record_callback"));
    let sent = app.manager.send(dispatch).await.unwrap();
    let parent = until(&app.manager, sent.id, State::Failed).await;
    let child = until(&app.manager, parent.trail.callbacks[0].id, State::Completed).await;
    let given = payload(&child);
    let keys: Vec<&String> = given.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["entity", "error", "operation_id"]);
    assert_eq!(given["error"]["kind"], "error");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_a_callback_that_fails_changes_nothing_about_its_parent() {
    let app = app(&[("QUEUE_CONNECTION", "memory")]).await;
    let worker = app.work(false, None).unwrap();
    // `echo` does not take a callback's payload: nobody can run this.
    let sent = app.manager.send(job("noop", "{}").on_success(callback("echo"))).await.unwrap();
    let parent = until(&app.manager, sent.id, State::Completed).await;
    let child = until(&app.manager, parent.trail.callbacks[0].id, State::Failed).await;
    assert!(child.trail.error.is_some());
    let after = record(&app.manager, sent.id).await;
    assert_eq!(after, parent);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_a_callback_has_tries_of_its_own() {
    let app = app(&[("QUEUE_CONNECTION", "memory")]).await;
    let sent = app.manager.send(job("noop", "{}").on_success(callback("record_callback"))).await.unwrap();
    let worker = app.work(false, None).unwrap();
    let parent = until(&app.manager, sent.id, State::Completed).await;
    let child = until(&app.manager, parent.trail.callbacks[0].id, State::Completed).await;
    let body: Value = serde_json::from_slice(&child.body).unwrap();
    assert_eq!(body["o"], Value::Null, "the defaults of the job trait: three tries");
    worker.stop().await;
}

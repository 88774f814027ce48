//! Alive is not ready.

use journeyman::clock::Stopwatch;
use journeyman::queue::StoreError;
use serde_json::json;

use super::api::Api;
use super::faulty::Fault;
use crate::support::eventually;

#[tokio::test]
async fn a_server_with_its_store_is_ready() {
    let api = Api::new();
    let ready = api.get("/ready").await;
    assert_eq!(ready.status, 200);
    let ready = ready.json();
    assert_eq!((&ready["status"], &ready["store"]), (&json!("ready"), &json!("memory")));
    assert!(!ready["durability"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_without_its_store_is_alive_but_not_ready() {
    let api = Api::new();
    api.store.break_with(Fault::Fails(StoreError::Unavailable("10.1.2.3 refused".into())));
    let problem = api.get("/ready").await.problem(503, "store_unavailable");
    assert!(!problem.to_string().contains("10.1.2.3"), "{problem}");
    let live = api.get("/live").await;
    assert_eq!((live.status.as_u16(), live.json()), (200, json!({"status": "alive"})));
    api.store.mend();
    eventually("it is ready again", async || api.get("/ready").await.status == 200).await;
}

/// R43: anyone may ask, and as often as they like.
#[tokio::test]
async fn r43_the_store_is_not_asked_for_each_who_asks_whether_it_is_ready() {
    let api = Api::new();
    assert_eq!(api.get("/ready").await.status, 200);
    api.store.break_with(Fault::Fails(StoreError::Unavailable("refused".into())));
    assert_eq!(api.get("/ready").await.status, 200, "what was said a moment ago");
    eventually("the truth comes out", async || api.get("/ready").await.status == 503).await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_waited_for_two_seconds() {
    let api = Api::new();
    api.store.break_with(Fault::Hangs);
    let watch = Stopwatch::start();
    api.get("/ready").await.problem(503, "store_unavailable");
    assert_eq!(watch.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn a_server_that_is_leaving_is_not_ready_but_still_serves() {
    let api = Api::new();
    api.shutdown.cancel();
    api.get("/ready").await.problem(503, "shutting_down");
    assert_eq!(api.get("/live").await.status, 200);
    assert_eq!(api.get("/api/queue/stats").await.status, 200);
}

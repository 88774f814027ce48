//! R43, P13: how much one client, one queue and all requests together may take.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use journeyman::access::{ApiKey, Keys, Scopes};
use journeyman::clock::Stopwatch;
use journeyman::http::{Access, Edge, EdgeOptions};
use journeyman::queue::{Settlement, Trail};
use serde_json::json;
use tokio::task::JoinSet;

use super::api::{Answer, Api, anything};
use super::faulty::Fault;
use crate::support::eventually;

fn limited(options: EdgeOptions) -> Api {
    Api::with(|state| state.edge = Edge::new(options))
}

async fn from(api: &Api, address: [u8; 4], path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path).extension(ConnectInfo(std::net::SocketAddr::from((address, 1))));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request.body(Body::empty()).unwrap()).await
}

/// Header `retry-after` of a refusal, whole seconds above zero.
fn retry_after(answer: &Answer, status: u16, code: &str) -> u64 {
    let problem = answer.json();
    assert_eq!((answer.status.as_u16(), &problem["code"]), (status, &json!(code)), "{problem}");
    assert_eq!(problem["retryable"], true);
    answer.header("retry-after").parse().ok().filter(|seconds| *seconds > 0).unwrap()
}

#[tokio::test]
async fn r43_an_address_past_its_rate_is_refused_and_others_are_not() {
    let rate = NonZeroU32::new(2);
    let api = limited(EdgeOptions { rate, ..EdgeOptions::default() });
    let [one, other] = [[10, 0, 0, 1], [10, 0, 0, 2]];
    for _ in 0..2 {
        assert_eq!(from(&api, one, "/api/queue/stats", &[]).await.status, 200);
    }
    let refused = from(&api, one, "/api/queue/stats", &[]).await;
    assert_eq!(retry_after(&refused, 429, "rate_limited"), 1);
    for probe in ["/live", "/ready"] {
        assert_eq!(from(&api, one, probe, &[]).await.status, 200, "whoever watches the process is always answered");
    }
    assert_eq!(from(&api, other, "/api/queue/stats", &[]).await.status, 200);
    let forged = from(&api, one, "/api/queue/stats", &[("x-forwarded-for", "10.9.9.9")]).await;
    retry_after(&forged, 429, "rate_limited");
    eventually("the allowance grows back", async || from(&api, one, "/api/queue/stats", &[]).await.status == 200).await;
}

#[tokio::test]
async fn r43_behind_a_proxy_that_is_trusted_the_clients_own_address_counts() {
    let api = limited(EdgeOptions { rate: NonZeroU32::new(1), trust_forwarded: true, ..EdgeOptions::default() });
    let proxy = [10, 0, 0, 1];
    for client in ["192.0.2.1", "192.0.2.2"] {
        assert_eq!(from(&api, proxy, "/api/queue/stats", &[("x-forwarded-for", client)]).await.status, 200);
        let again = from(&api, proxy, "/api/queue/stats", &[("x-forwarded-for", client)]).await;
        retry_after(&again, 429, "rate_limited");
    }
}

#[tokio::test]
async fn r43_a_key_has_one_rate_wherever_it_is_used() {
    let made = ["one", "other"]
        .map(|name| ApiKey::generate(name, Scopes::ALL, None, [u8::try_from(name.len()).unwrap(); 32]).unwrap());
    let keys = Keys::new(made.iter().map(|(_, key)| key.clone()).collect()).unwrap();
    let access = Access::Keys(keys);
    let api = limited(EdgeOptions { access, rate: NonZeroU32::new(1), ..EdgeOptions::default() });
    let [one, other] = made.map(|(text, _)| format!("Bearer {text}"));
    assert_eq!(from(&api, [10, 0, 0, 1], "/api/queue/stats", &[("authorization", &one)]).await.status, 200);
    let elsewhere = from(&api, [10, 0, 0, 2], "/api/queue/stats", &[("authorization", &one)]).await;
    retry_after(&elsewhere, 429, "rate_limited");
    assert_eq!(from(&api, [10, 0, 0, 2], "/api/queue/stats", &[("authorization", &other)]).await.status, 200);
    // Guessing costs the guesser's address.
    from(&api, [10, 0, 0, 3], "/api/queue/stats", &[("authorization", "Bearer x")]).await.problem(401, "key_invalid");
    let guess = from(&api, [10, 0, 0, 3], "/api/queue/stats", &[("authorization", "Bearer y")]).await;
    retry_after(&guess, 429, "rate_limited");
}

#[tokio::test]
async fn r43_a_full_queue_takes_no_more_until_jobs_end() {
    let api = limited(EdgeOptions { max_queue_depth: Some(3), ..EdgeOptions::default() });
    api.enqueue(&anything(json!({}))).await;
    api.enqueue(&anything(json!({"delay": 60}))).await;
    api.enqueue(&anything(json!({}))).await;
    let refused = api.post(anything(json!({})).to_string()).await;
    assert_eq!(retry_after(&refused, 429, "queue_full"), 1);
    assert!(refused.json()["detail"].as_str().unwrap().contains("default holds 3 jobs, at most 3"), "{refused:?}");
    assert_eq!(api.stored().await, 3);
    api.enqueue(&anything(json!({"queue_name": "other"}))).await;

    let job = api.reserve("default").await;
    retry_after(&api.post(anything(json!({})).to_string()).await, 429, "queue_full");
    api.settle(job, Settlement::Complete, &Trail::default()).await;
    eventually("there is room again", async || api.post(anything(json!({})).to_string()).await.status == 201).await;
}

#[tokio::test]
async fn r43_a_batch_needs_room_for_all_of_it_or_task_by_task() {
    let api = limited(EdgeOptions { max_queue_depth: Some(3), ..EdgeOptions::default() });
    api.enqueue(&anything(json!({}))).await;
    let tasks = vec![anything(json!({})); 3];
    let whole = json!({"tasks": tasks}).to_string();
    let refused = api.post_to("/api/queue/enqueue/batch", whole).await;
    assert_eq!(retry_after(&refused, 429, "queue_full"), 1);
    assert_eq!(api.stored().await, 1);
    let each = json!({"tasks": tasks, "atomic": false}).to_string();
    let answer = api.post_to("/api/queue/enqueue/batch", each).await;
    let results = answer.json()["results"].clone();
    assert_eq!((answer.status.as_u16(), &results[2]["error"]["code"]), (201, &json!("queue_full")), "{results}");
    assert_eq!(api.stored().await, 3);
}

/// R24: what is stored already needs no room.
#[tokio::test]
async fn r24_a_full_queue_still_knows_the_jobs_it_has() {
    let api = limited(EdgeOptions { max_queue_depth: Some(1), ..EdgeOptions::default() });
    let mine = anything(json!({"operation_id": "5f0c0de0-7a11-4000-8000-00000000c8e5"}));
    let id = api.enqueue(&mine).await;
    let again = api.post(mine.to_string()).await;
    assert_eq!((again.status.as_u16(), &again.json()["task_id"]), (200, &json!(id)), "{again:?}");
    let each = json!({"tasks": [mine, anything(json!({}))], "atomic": false}).to_string();
    let results = api.post_to("/api/queue/enqueue/batch", each).await.json()["results"].clone();
    assert_eq!((&results[0]["deduplicated"], &results[1]["error"]["code"]), (&json!(true), &json!("queue_full")));
    let fresh = anything(json!({"operation_id": "5f0c0de0-7a11-4000-8000-00000000c8e6"}));
    retry_after(&api.post(fresh.to_string()).await, 429, "queue_full");
}

#[tokio::test]
async fn r43_a_batch_that_no_queue_could_ever_take_is_not_to_be_tried_again() {
    let api = limited(EdgeOptions { max_queue_depth: Some(2), ..EdgeOptions::default() });
    let tasks = vec![anything(json!({})); 3];
    let refused = api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
    assert_eq!((refused.pointers(), &refused.json()["retryable"]), (vec!["/tasks".to_owned()], &json!(false)));
    assert_eq!(refused.status, 422);
}

#[tokio::test]
async fn r43_one_process_never_passes_the_depth_however_many_push_at_once() {
    let api = Arc::new(limited(EdgeOptions { max_queue_depth: Some(20), ..EdgeOptions::default() }));
    let pushes: Vec<_> = (0..100)
        .map(|_| {
            let api = Arc::clone(&api);
            tokio::spawn(async move { api.post(anything(json!({})).to_string()).await.status.as_u16() })
        })
        .collect();
    let mut taken = 0;
    for push in pushes {
        match push.await.unwrap() {
            201 => taken += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!((taken, api.stored().await), (20, 20));
}

#[tokio::test]
async fn p13_more_requests_than_fit_are_refused_at_once() {
    let api = Arc::new(limited(EdgeOptions { max_in_flight: 2, ..EdgeOptions::default() }));
    api.store.break_with(Fault::Hangs);
    let watch = Stopwatch::start();
    let mut asked = JoinSet::new();
    for _ in 0..3 {
        let api = Arc::clone(&api);
        asked.spawn(async move { api.get("/api/queue/stats").await });
    }
    let refused = asked.join_next().await.unwrap().unwrap();
    assert_eq!(retry_after(&refused, 503, "overloaded"), 1);
    assert!(watch.elapsed() < Duration::from_secs(1) && asked.len() == 2);
    assert_eq!(api.get("/live").await.status, 200);
    asked.shutdown().await;
    api.store.mend();
    eventually("their places are free", async || api.get("/api/queue/stats").await.status == 200).await;
}

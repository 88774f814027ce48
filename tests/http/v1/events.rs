//! What moves, pushed to whoever watches.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures::StreamExt;
use journeyman::queue::StoreError;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::api::{Api, anything};
use super::super::faulty::Fault;

const PATIENCE: Duration = Duration::from_secs(20);

/// The stream of one who watches, and what has come of an event that is not whole yet.
struct Watcher {
    body: BodyDataStream,
    rest: String,
}

#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Watcher {
    async fn of(api: &Api) -> Self {
        let request = Request::get("/api/v1/events").body(Body::empty()).unwrap();
        let response = api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        Self { body: response.into_body().into_data_stream(), rest: String::new() }
    }

    /// The next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.rest = rest;
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    lines.collect::<Vec<_>>().join("\n")
                };
                let data = serde_json::from_str(&field("data")).unwrap();
                return Some(Event { name: field("event"), id: field("id"), data });
            }
            let piece = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("an event in time")?;
            self.rest.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn the_present_state_comes_at_once_and_then_whatever_changes() {
    let api = Api::new();
    let mut watcher = Watcher::of(&api).await;
    let first = watcher.next().await.unwrap();
    assert_eq!((first.name.as_str(), first.id.as_str()), ("overview", "1"));
    assert_eq!(first.data["overview"]["totals"]["pending"], 0);
    assert_eq!(first.data["queues"], json!([]));

    // Nobody hears of time alone.
    api.clock.advance(Duration::from_secs(5));
    api.enqueue(&anything(json!({"queue_name": "mail"}))).await;
    let second = watcher.next().await.unwrap();
    assert_eq!((second.id.as_str(), &second.data["overview"]["totals"]["pending"]), ("2", &json!(1)));
    assert_eq!(second.data["queues"][0]["queue_name"], "mail");

    let mut other = Watcher::of(&api).await;
    assert_eq!(other.next().await.unwrap(), second);
}

#[tokio::test]
async fn a_store_that_is_away_is_told_and_so_is_its_return() {
    let api = Api::new();
    let mut watcher = Watcher::of(&api).await;
    assert_eq!(watcher.next().await.unwrap().name, "overview");
    api.store.break_with(Fault::Fails(StoreError::Unavailable("gone fishing".into())));
    let away = watcher.next().await.unwrap();
    assert_eq!((away.name.as_str(), &away.data["code"]), ("problem", &json!("store_unavailable")));
    assert!(!away.data.to_string().contains("fishing"), "what the store says is for the log");
    api.store.mend();
    assert_eq!(watcher.next().await.unwrap().name, "overview");
}

#[tokio::test]
async fn a_stream_ends_when_the_server_is_told_to_stop() {
    let api = Api::new();
    let mut watcher = Watcher::of(&api).await;
    watcher.next().await.unwrap();
    api.shutdown.cancel();
    assert_eq!(watcher.next().await, None);
}

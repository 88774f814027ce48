//! `/api/v1/events`: what moves, pushed to whoever watches.
//!
//! However many watch, the store is asked once a second, and not at all while nobody does. An event is the whole present
//! state, so that whoever was away for a while has missed nothing.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::needs;
use super::super::error::Problem;
use super::super::health::Readiness;
use super::{overview, queues};
use crate::access::Scope;

/// How often the store is asked.
const EVERY: Duration = Duration::from_secs(1);
/// A sign of life, sooner than proxies give up.
const SILENCE: Duration = Duration::from_secs(15);
/// After so long a stream ends, so that a key which was taken away stops watching. Browsers come back by themselves.
const LONGEST: Duration = Duration::from_secs(600);
/// How soon.
const COME_BACK: Duration = Duration::from_millis(500);

pub(super) fn router(readiness: &Readiness) -> OpenApiRouter<Api> {
    let routes = OpenApiRouter::new().routes(needs(Scope::Read, routes!(events)));
    routes.layer(Extension(Feed::default())).layer(Extension(readiness.clone()))
}

/// What was last seen of the store, for all who watch.
#[derive(Debug, Clone, Default)]
struct Feed(Arc<Mutex<Weak<watch::Sender<Seen>>>>);

#[derive(Debug, Clone, Default)]
struct Seen {
    /// Counts what has changed; 0 = nothing seen yet.
    number: u64,
    name: &'static str,
    data: Value,
}

/// Streams the overview and the queues: once at the beginning and then whenever they have changed, at most once a second.
///
/// Server-sent events: `overview` holds `{"overview": …, "queues": […]}` as `GET /api/v1/overview` and `GET /api/v1/queues`
/// answer, and `problem` says why they cannot be read. Each is the whole present state, and the first one comes at once: to
/// resume is to ask again, `Last-Event-ID` or not. A stream ends after ten minutes.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "v1WatchEvents",
    tag = "server",
    responses((status = 200, description = "The events.", body = String, content_type = "text/event-stream"))
)]
async fn events(
    State(api): State<Api>,
    Extension(feed): Extension<Feed>,
    Extension(readiness): Extension<Readiness>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let shutdown = api.shutdown.clone();
    let seen = feed.watched(&api, &readiness);
    let ends = async move {
        shutdown.run_until_cancelled(sleep(LONGEST)).await;
    };
    let told = changes(seen).take_until(ends).map(|seen| Ok(told(&seen)));
    Sse::new(told).keep_alive(KeepAlive::new().interval(SILENCE).text("keep-alive"))
}

fn told(seen: &Seen) -> Event {
    let event = Event::default().event(seen.name).id(seen.number.to_string()).retry(COME_BACK);
    // JSON has no line break outside of its strings, and none in them that is not escaped.
    event.data(seen.data.to_string())
}

/// What has been seen, as far as it was, and then every change. Who is slow misses those in between.
fn changes(seen: watch::Receiver<Seen>) -> impl Stream<Item = Seen> {
    stream::unfold((seen, 0), |(mut seen, known)| async move {
        let next = seen.wait_for(|seen| seen.number > known).await.ok()?.clone();
        let known = next.number;
        Some((next, (seen, known)))
    })
}

impl Feed {
    fn watched(&self, api: &Api, readiness: &Readiness) -> watch::Receiver<Seen> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = running.upgrade() {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(Seen::default());
        let sender = Arc::new(sender);
        *running = Arc::downgrade(&sender);
        tokio::spawn(self.clone().look(sender, Arc::clone(api), readiness.clone()));
        receiver
    }

    /// Asks as long as somebody watches.
    async fn look(self, sender: Arc<watch::Sender<Seen>>, api: Api, readiness: Readiness) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.is_unwatched(&sender) {
                return;
            }
            let (name, data) = present(&api, &readiness).await;
            sender.send_if_modified(|seen| {
                let is_new = seen.name != name || !is_same(&seen.data, &data);
                if is_new {
                    *seen = Seen { number: seen.number + 1, name, data };
                }
                is_new
            });
        }
    }

    /// Under the lock that newcomers take: none may find what is about to end.
    fn is_unwatched(&self, sender: &watch::Sender<Seen>) -> bool {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unwatched = sender.receiver_count() == 0;
        if is_unwatched {
            *running = Weak::new();
        }
        is_unwatched
    }
}

async fn present(api: &Api, readiness: &Readiness) -> (&'static str, Value) {
    match gather(api, readiness).await {
        Ok(state) => ("overview", state),
        Err(problem) => ("problem", json!({"code": problem.code.as_str(), "detail": problem.detail()})),
    }
}

async fn gather(api: &Api, readiness: &Readiness) -> Result<Value, Problem> {
    let overview = overview::gather(api, readiness).await?;
    let queues = queues::gather(api).await?;
    let mut state = serde_json::to_value(queues).map_err(|error| Problem::internal(&error))?;
    state["overview"] = serde_json::to_value(overview).map_err(|error| Problem::internal(&error))?;
    Ok(state)
}

/// Whether nothing but the time of the look has changed.
fn is_same(one: &Value, other: &Value) -> bool {
    let without_time = |value: &Value| {
        let mut value = value.clone();
        value.pointer_mut("/overview/status_time").map(Value::take);
        value
    };
    without_time(one) == without_time(other)
}

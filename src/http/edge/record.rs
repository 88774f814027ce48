//! The row that every request leaves that an operator does something with, whatever comes of it.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tokio::time::timeout;
use tracing::{Instrument, info};

use super::super::code::Code;
use super::super::error::Problem;
use super::super::frame::RequestId;
use super::access::Caller;
use super::admit::Admitted;
use crate::queue::operations::{self, Operations};

/// What of a query belongs to a row. Whatever else is sent may be anything, a key too.
const TELLING: [&str; 3] = ["queue_name", "priority", "hours"];

/// Longest an answer waits for its row.
const LONGEST: Duration = Duration::from_secs(2);

/// What is known of a request before it is answered.
#[derive(Debug)]
pub(super) struct Record {
    operations: Operations,
    actor: Option<String>,
    action: Arc<str>,
    target: Option<String>,
    request_id: Option<String>,
    deed: Deed,
}

/// What a handler tells of what it does, beyond what the address and the status of its answer say.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Deed(Arc<Mutex<Told>>);

#[derive(Debug, Clone, Default)]
struct Told {
    target: Option<String>,
    outcome: Option<String>,
    is_none: bool,
}

impl Deed {
    /// To what it is done. No payloads and no secrets: it is kept for long, and shown to whoever may read.
    pub(in crate::http) fn is_on(&self, target: impl Into<String>) {
        self.told(|told| told.target = Some(target.into()));
    }

    /// What it came to.
    pub(in crate::http) fn came_to(&self, outcome: impl Into<String>) {
        self.told(|told| told.outcome = Some(outcome.into()));
    }

    /// It only looks, and leaves no row.
    pub(in crate::http) fn is_none(&self) {
        self.told(|told| told.is_none = true);
    }

    fn told<T>(&self, tell: impl FnOnce(&mut Told) -> T) -> T {
        tell(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Deed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let deed = parts.extensions.get().cloned();
        deed.ok_or_else(|| Problem::internal(&"a route that tells what it does and leaves no row"))
    }
}

impl Record {
    /// Of an operator's request, which is given a [`Deed`] for its handler.
    pub(super) fn of(action: &Arc<str>, request: Request) -> (Option<Self>, Request) {
        let (mut parts, body) = request.into_parts();
        // It waits for nothing.
        let of_path = RawPathParams::from_request_parts(&mut parts, &()).now_or_never().and_then(Result::ok);
        let mut request = Request::from_parts(parts, body);
        let Some(Admitted { api, caller }) = request.extensions().get() else { return (None, request) };
        let actor = match caller {
            Caller::Key(key) => Some(key.name().to_owned()),
            Caller::Anyone | Caller::Stranger(_) => api.edge.address(&request).map(|address| address.to_string()),
        };
        let record = Self {
            operations: api.operations.clone(),
            actor,
            action: Arc::clone(action),
            target: target(of_path.as_ref(), &request),
            request_id: request.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()),
            deed: Deed::default(),
        };
        request.extensions_mut().insert(record.deed.clone());
        (Some(record), request)
    }

    /// The answer, once the row is written. Both come to their end also where the client leaves, or the handler panics.
    pub(super) async fn of_answer<E, P>(
        self,
        answering: impl Future<Output = Result<Response, E>> + Send + 'static,
        place: P,
    ) -> Result<Response, E>
    where
        E: Send + 'static,
        P: Send + 'static,
    {
        let whole = async move {
            let answer = AssertUnwindSafe(answering).catch_unwind().await;
            let answer = answer.unwrap_or_else(|panic| Ok(of_panic(panic.as_ref())));
            if let Ok(answer) = &answer {
                let problem = answer.extensions().get().map(|problem: &Problem| problem.code);
                self.write(problem).await;
            }
            drop(place);
            answer
        };
        let ended = tokio::spawn(whole.in_current_span()).await;
        ended.unwrap_or_else(|error| Ok(Problem::internal(&error).into_response()))
    }

    /// The row of what was done, or of why it was not.
    async fn write(self, refusal: Option<Code>) {
        let Self { operations, actor, action, target, request_id, deed } = self;
        let Told { target: told, outcome, is_none } = deed.told(|told| told.clone());
        if is_none {
            return;
        }
        let outcome = match refusal {
            Some(code) => format!("{} ({})", code.as_str(), code.status().as_u16()),
            None => outcome.unwrap_or_else(|| "done".to_owned()),
        };
        let action = action.as_ref().to_owned();
        let deed = operations::Deed { actor, action, target: told.or(target), outcome, request_id }.cut();
        let operations::Deed { actor, action, target, outcome, request_id } = &deed;
        info!(actor, action, on = target, outcome, request.id = request_id, "an operator's action");
        // Of its own, so that a store that is slow with it delays the answer, but loses no row.
        let writing = tokio::spawn(async move { operations.put_on_record(deed).await }.in_current_span());
        let _ = timeout(LONGEST, writing).await;
    }
}

fn of_panic(panic: &(dyn Any + Send)) -> Response {
    Problem::of_panic(panic).into_response()
}

/// What is in the address: the job, queue or worker, and what narrows it down.
fn target(of_path: Option<&RawPathParams>, request: &Request) -> Option<String> {
    let of_path = of_path.into_iter().flatten().map(|(_, value)| value.to_owned());
    let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).map(|Query(pairs)| pairs);
    let telling = query.unwrap_or_default().into_iter().filter(|(name, _)| TELLING.contains(&name.as_str()));
    let of_query = telling.map(|(name, value)| if name == "queue_name" { value } else { format!("{name}={value}") });
    let all: Vec<String> = of_path.chain(of_query).collect();
    Some(all.join(", ")).filter(|text| !text.is_empty())
}

//! What goes around every request: its id, its line in the log, who asks, the headers of every answer, the body of a
//! refusal, also where a handler panics.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::{BoxFuture, Either, ready};
use tower::Service;
use tracing::{Instrument, debug, debug_span, error};
use uuid::Uuid;

use super::code::Code;
use super::error::{PROBLEM_JSON, Problem};
use super::{Api, edge};
use crate::chance;
use crate::circuit::Circuit;
use crate::clock::{Stopwatch, Timestamp};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request, for a handler that has to write it.
#[derive(Debug, Clone)]
pub(super) struct RequestId(HeaderValue);

/// The layer around all routes. One, and a plain service, because axum boxes each layer around each route and clones all
/// that is within at every request: several layers cost more than what they did.
#[derive(Debug, Clone)]
pub(super) struct Framed<S> {
    route: S,
    api: Api,
}

impl<S> Framed<S> {
    pub(super) fn new(route: S, api: Api) -> Self {
        Self { route, api }
    }
}

impl<S> Service<Request> for Framed<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let now = self.api.clock.now();
        let asked = Asked::by(&request, now);
        request.extensions_mut().insert(asked.id.clone());
        let span = debug_span!("request", request.id = asked.id.as_str());
        let answering = match edge::admit(&self.api, now, &mut request) {
            Ok(()) => Either::Left(AssertUnwindSafe(self.route.call(request)).catch_unwind()),
            Err(problem) => Either::Right(ready(Ok(Ok(problem.into_response())))),
        };
        let answering = answering.instrument(span);
        let api = Api::clone(&self.api);
        Box::pin(async move {
            let response = match answering.await {
                Ok(Ok(response)) => response,
                Err(panic) => Problem::of_panic(panic.as_ref()).into_response(),
            };
            Ok(asked.answered(&api, response))
        })
    }
}

/// What is kept of a request until it is answered.
struct Asked {
    watch: Stopwatch,
    id: RequestId,
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
}

impl Asked {
    fn by(request: &Request, now: Timestamp) -> Self {
        Self {
            watch: Stopwatch::start(),
            id: RequestId::of(request.headers(), now),
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
        }
    }

    fn answered(self, api: &Api, mut response: Response) -> Response {
        if let Some(metrics) = &api.metrics {
            let route = self.route.as_ref().map(MatchedPath::as_str);
            metrics.request(self.method.as_str(), route, response.status().as_u16(), self.watch.elapsed());
        }
        let problem = response.extensions_mut().remove::<Problem>();
        log(&self, response.status(), problem.as_ref());
        if let Some(problem) = problem {
            response = with_body(response, problem, api, self.id.as_str().to_owned());
        }
        let headers = response.headers_mut();
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_REQUEST_ID, self.id.0);
        response
    }
}

impl RequestId {
    /// The caller's id if it is one that is safe to repeat in a header and a log, else a fresh one.
    fn of(headers: &HeaderMap, now: Timestamp) -> Self {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_harmless = |id: &&HeaderValue| (1..=128).contains(&id.len()) && id.as_bytes().iter().all(allowed);
        let given = headers.get(X_REQUEST_ID).filter(is_harmless).cloned();
        Self(given.unwrap_or_else(|| fresh(now)))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

fn fresh(now: Timestamp) -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let text = chance::uuid(now).hyphenated().encode_lower(&mut text);
    // Digits and hyphens are a header's value.
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("-"))
}

fn log(asked: &Asked, status: StatusCode, problem: Option<&Problem>) {
    let Asked { watch, id, method, uri, .. } = asked;
    let (id, path) = (id.as_str(), uri.path());
    let status_code = status.as_u16();
    let duration_ms = watch.elapsed().as_secs_f64() * 1000.0;
    let code = problem.map(|problem| problem.code.as_str());
    let cause = problem.and_then(|problem| problem.cause.as_deref());
    if status.is_server_error() {
        error!(request.id = id, %method, path, status = status_code, code, cause, duration_ms, "request failed");
    } else {
        debug!(request.id = id, %method, path, status = status_code, code, duration_ms, "request answered");
    }
}

/// Keeps status and headers (`Allow`, `Retry-After`) and writes the problem as the body.
fn with_body(mut response: Response, mut problem: Problem, api: &Api, id: String) -> Response {
    // While the store is left alone there is no use in asking sooner.
    if problem.code == Code::StoreUnavailable
        && let Some(remaining) = api.circuit.as_ref().map(Circuit::remaining).filter(|remaining| !remaining.is_zero())
    {
        problem = problem.retry_after(remaining);
        response = problem.clone().into_response();
    }
    let (mut parts, _) = response.into_parts();
    let (_, body) = Json(problem.body(id)).into_response().into_parts();
    parts.extensions.remove::<Problem>();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    Response::from_parts(parts, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(sent: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(sent).unwrap());
        RequestId::of(&headers, Timestamp::from_micros(1)).as_str().to_owned()
    }

    #[test]
    fn a_harmless_request_id_is_taken_over_and_any_other_replaced() {
        let longest = "a".repeat(128);
        for good in ["1", "A.b_c-9", &longest] {
            assert_eq!(id_for(good), good);
        }
        for bad in ["", "a b", "a/b", "a\tb", &"a".repeat(129)] {
            assert!(id_for(bad).parse::<Uuid>().is_ok(), "{bad:?}");
        }
    }
}

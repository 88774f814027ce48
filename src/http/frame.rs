//! What goes around every request: its id, its line in the log, the headers of every answer, the body of a refusal.

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::{Instrument, debug, debug_span, error};
use uuid::Uuid;

use super::error::{PROBLEM_JSON, Problem};
use crate::clock::Stopwatch;
use crate::metrics::Metrics;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request, for a handler that has to write it.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

/// The outermost layer.
pub(super) async fn frame(State(metrics): State<Option<Metrics>>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    let id = request_id(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = debug_span!("request", request.id = id);

    let mut response = next.run(request).instrument(span).await;
    if let Some(metrics) = metrics {
        let route = route.as_ref().map(MatchedPath::as_str);
        metrics.request(method.as_str(), route, response.status().as_u16(), watch.elapsed());
    }
    let problem = response.extensions_mut().remove::<Problem>();
    log(&Line { id: &id, method: &method, path: &path, watch }, response.status(), problem.as_ref());
    if let Some(problem) = problem {
        response = with_body(response, problem, id.clone());
    }
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID, id);
    }
    response
}

/// The caller's id if it is one that is safe to repeat in a header and a log, else a fresh one.
fn request_id(headers: &HeaderMap) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    headers
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| (1..=128).contains(&id.len()) && id.chars().all(allowed))
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

struct Line<'a> {
    id: &'a str,
    method: &'a Method,
    path: &'a str,
    watch: Stopwatch,
}

fn log(line: &Line<'_>, status: StatusCode, problem: Option<&Problem>) {
    let Line { id, method, path, watch } = line;
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
fn with_body(response: Response, problem: Problem, id: String) -> Response {
    let (mut parts, _) = response.into_parts();
    let (_, body) = Json(problem.body(id)).into_response().into_parts();
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
        request_id(&headers)
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

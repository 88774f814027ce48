//! `/api/v1/session`: a browser shows an API key once and sends it from then on by itself.
//!
//! The key itself is the cookie, so nothing is stored and a key that is taken away ends its sessions. No script can read
//! it, and no page of another site can have it sent.

use std::fmt;

use axum::extract::State;
use axum::http::header::{ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::edge::{KEY_COOKIE, open};
use super::error::{Problem, ProblemBody};
use super::extract::JsonBody;

/// As long as a working day: whoever looks longer shows the key again.
const SECONDS: u32 = 12 * 3600;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(open(routes!(begin, end)))
}

/// Whose session it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"key": "jmk_…"}))]
pub struct SessionRequest {
    /// An API key of this server.
    key: String,
}

impl fmt::Debug for SessionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionRequest")
    }
}

/// Begins a session: the answer sets a cookie that stands for the key, for 12 hours or as long as the key is good.
///
/// What it then asks to change has to come from a page of this server.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    operation_id = "beginSession",
    tag = "session",
    request_body = SessionRequest,
    responses(
        (status = 204, description = "From now on the browser sends the key. A server without keys sets no cookie."),
        (status = 400, description = "Not JSON.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "This is no key of the server, or it has expired.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "Not `application/json`.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "A member is missing or unknown.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn begin(
    State(api): State<Api>,
    headers: HeaderMap,
    JsonBody(SessionRequest { key }): JsonBody<SessionRequest>,
) -> Result<Response, Problem> {
    if !api.edge.has_keys() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let key = key.trim();
    api.edge.recognise(key, api.clock.now())?;
    Ok(with_cookie(key, SECONDS, &headers))
}

/// Ends a session: the browser forgets the key.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    operation_id = "endSession",
    tag = "session",
    responses((status = 204, description = "The browser sends the key no more."))
)]
async fn end(headers: HeaderMap) -> Response {
    with_cookie("", 0, &headers)
}

/// Over TLS it is for TLS alone; whether it came that way, behind a proxy, only the browser can tell.
fn with_cookie(value: &str, seconds: u32, headers: &HeaderMap) -> Response {
    let is_tls = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let secure = if is_tls { "; Secure" } else { "" };
    let cookie = format!("{KEY_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    (StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response()
}

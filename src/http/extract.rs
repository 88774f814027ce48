//! Extractors whose refusals are problems.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::code::Code;
use super::error::Problem;
use super::{Api, body, json};

/// A JSON body, read under the limits of [`ApiLimits`](super::ApiLimits).
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let Unread(bytes) = Unread::from_request(request, api).await?;
        json::read(&bytes, api.limits.max_depth).map(Self)
    }
}

/// The same before it is read, for a handler that wants to keep nothing of it while it waits.
#[derive(Debug)]
pub struct Unread(pub Bytes);

impl FromRequest<Api> for Unread {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let limits = api.limits;
        check_media_type(request.headers())?;
        Ok(Self(body::collect(request.into_body(), limits.max_body, limits.body_timeout).await?))
    }
}

/// A browser sends JSON under any other type without asking the server first, so a page elsewhere could enqueue.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get(CONTENT_TYPE).is_some_and(|given| given == "application/json")
        && !headers.contains_key(CONTENT_ENCODING)
    {
        return Ok(());
    }
    let refusal = |detail: String| Err(Problem::new(Code::UnsupportedMediaType, detail));
    let essence = text(headers, &CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let coding = text(headers, &CONTENT_ENCODING);
    match essence.as_str() {
        _ if is_json && (coding.is_empty() || coding.eq_ignore_ascii_case("identity")) => Ok(()),
        _ if is_json => refusal(format!("content-encoding {coding:?} is not taken: send the body as it is")),
        "" => refusal("there is no content-type: send application/json".into()),
        other => refusal(format!("content-type {other:?} is not taken: send application/json")),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap_or("(not text)"))
}

/// The one parameter of a path.
#[derive(Debug)]
pub struct PathOf<T>(pub T);

impl<T: FromStr<Err: Display>, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let given = Path::<String>::from_request_parts(parts, state).await;
        let Path(given) = given.map_err(|error: PathRejection| refused(parts.uri.path(), &error))?;
        given.parse().map(Self).map_err(|error| refused(&given, &error))
    }
}

fn refused(given: &str, error: &dyn Display) -> Problem {
    let shown: String = given.chars().take(100).collect();
    Problem::new(Code::InvalidParameter, format!("{shown:?} in the address is not valid: {error}"))
}

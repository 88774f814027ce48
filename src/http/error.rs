//! Answers that say no: RFC 9457 problems.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Display;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use journeyman_job::DispatchError;
use serde::Serialize;
use utoipa::ToSchema;

use super::Code;
use super::body::BodyError;
use super::words::CodeWord;
use crate::queue::StoreError;
use crate::queue::operations::OperationError;

pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Longest text of a refusal, bytes: it may quote what was sent, which may be as long as a body.
const LONGEST: usize = 1000;

fn cut(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= LONGEST { text } else { format!("{}…", &text[..text.floor_char_boundary(LONGEST)]).into() }
}

/// One fault in the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ProblemError, example = json!({"pointer": "/delay", "detail": "-1 seconds is out of range"}))]
pub struct Fault {
    /// JSON pointer (RFC 6901) of the faulty place in the body; of a missing member, the place where it belongs.
    pub pointer: String,
    pub detail: Cow<'static, str>,
}

impl Fault {
    pub fn new(pointer: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { pointer: cut(pointer.into().into()).into_owned(), detail: cut(detail.into()) }
    }
}

/// A refusal on its way to the client.
///
/// It travels in the response's extensions; `frame` writes the body, because only there the request's
/// id is known.
#[derive(Debug, Clone)]
pub struct Problem {
    pub code: Code,
    detail: Cow<'static, str>,
    errors: Vec<Fault>,
    /// When the same may be asked again.
    retry_after: Option<Duration>,
    /// For the log alone: it may name addresses, keys or code.
    pub(super) cause: Option<String>,
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: cut(detail.into()), errors: Vec::new(), retry_after: None, cause: None }
    }

    /// A body that is JSON but not what is wanted. `faults` must not be empty.
    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = match faults.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.to_string(),
            [only] => format!("{}: {}", only.pointer, only.detail),
            many => format!("{} places in the body are not valid; see errors", many.len()),
        };
        Self { errors: faults, ..Self::new(Code::ValidationFailed, detail) }
    }

    /// What was wrong this time, for people.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The same, with the places in the body that it is about.
    #[must_use]
    pub fn at(self, errors: Vec<Fault>) -> Self {
        Self { errors, ..self }
    }

    /// A fault of our own.
    pub fn internal(cause: &dyn Display) -> Self {
        Self::new(Code::Internal, "this is a fault of the server; its log has the request_id").because(cause)
    }

    /// What the handler panicked with is for the log, not for the client.
    pub(super) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let message = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self::internal(&format_args!("a handler panicked: {}", message.unwrap_or("without a message")))
    }

    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    #[must_use]
    pub(super) fn because(mut self, cause: &dyn Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    pub(super) fn body(self, request_id: String) -> ProblemBody {
        let (code, status, title) = self.code.row();
        ProblemBody {
            kind: format!("urn:journeyman:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: self.detail,
            code,
            retryable: self.code.is_retryable(),
            request_id,
            errors: self.errors,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        match self.code.status() {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(self.retry_after)));
            }
            StatusCode::UNAUTHORIZED => {
                let challenge = match self.code {
                    Code::KeyInvalid => r#"Bearer realm="journeyman", error="invalid_token""#,
                    _ => r#"Bearer realm="journeyman""#,
                };
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Rounded up, and never zero: that would be an invitation.
fn whole_seconds(wait: Option<Duration>) -> u64 {
    wait.map_or(1, |wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// A refusal as the client reads it: RFC 9457, `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "urn:journeyman:problem:validation_failed",
    "title": "The body is not what this takes",
    "status": 422,
    "detail": "/task_data/user_id: missing field `user_id`",
    "code": "validation_failed",
    "retryable": false,
    "request_id": "0198c0de-7a11-7000-8000-000000000001",
    "errors": [{"pointer": "/task_data/user_id", "detail": "missing field `user_id`"}]
}))]
pub struct ProblemBody {
    /// `urn:journeyman:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(format = "uri")]
    kind: String,
    title: &'static str,
    status: u16,
    /// What was wrong this time, for people.
    detail: Cow<'static, str>,
    #[schema(value_type = CodeWord)]
    code: &'static str,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// The answer's `x-request-id`, by which the server's log knows the request.
    request_id: String,
    /// The faulty places of the body; empty where the body is not at fault.
    errors: Vec<Fault>,
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let code = match &error {
            BodyError::TooLarge { .. } => Code::BodyTooLarge,
            BodyError::TooSlow { .. } => Code::BodyTooSlow,
            BodyError::Broken(_) => Code::BodyBroken,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (code, detail) = match &error {
            StoreError::Unavailable(_) => (Code::StoreUnavailable, "nothing was changed; try again"),
            StoreError::Unknown(_) => (Code::StoreTimeout, "what was asked may or may not have been done"),
            StoreError::Full(_) => (Code::StoreFull, "nothing was changed; jobs that end make room"),
            StoreError::Refused(_) => (Code::StoreRefused, "trying again is no use; the log has the request_id"),
        };
        Self::new(code, detail).because(&error)
    }
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::UnknownQueue(queue) => {
                Self::new(Code::QueueNotFound, format!("nothing was ever pushed to queue {queue}"))
            }
            OperationError::Place(error) => Self::new(Code::InvalidParameter, format!("cursor: {error}")),
            OperationError::Store(error) => error.into(),
        }
    }
}

/// Of a dispatch that has already passed every check a caller could fail.
impl From<DispatchError> for Problem {
    fn from(error: DispatchError) -> Self {
        let store_error = match &error {
            DispatchError::Unavailable(message) => StoreError::Unavailable(message.clone()),
            DispatchError::Unknown(message) => StoreError::Unknown(message.clone()),
            DispatchError::Full(message) => StoreError::Full(message.clone()),
            DispatchError::Conflict(_) => {
                let at = Fault::new("/operation_id", "is the id of another job");
                return Self::new(Code::OperationIdTaken, error.to_string()).at(vec![at]);
            }
            DispatchError::Refused(message) => StoreError::Refused(message.clone()),
            DispatchError::Payload { .. } | DispatchError::QueueName { .. } | DispatchError::UnknownConnection(_) => {
                return Self::internal(&error);
            }
        };
        let code_only = Self::from(store_error);
        match code_only.code {
            Code::StoreTimeout => Self { detail: "the job may or may not be stored".into(), ..code_only },
            _ => code_only,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_keeps_the_kind_of_its_store_error() {
        for (error, code) in [
            (DispatchError::Unavailable("x".into()), Code::StoreUnavailable),
            (DispatchError::Unknown("x".into()), Code::StoreTimeout),
            (DispatchError::Full("x".into()), Code::StoreFull),
        ] {
            assert_eq!(Problem::from(error).code, code);
        }
    }
}

//! What can go wrong, one word for each thing a program could want to tell apart.

use axum::http::StatusCode;

/// What went wrong, for programs. The wording of `title` and `detail` may change, these words never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    InvalidJson,
    NestedTooDeep,
    BodyBroken,
    BodyTooSlow,
    BodyTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
    InvalidParameter,
    KeyRequired,
    KeyInvalid,
    ScopeMissing,
    HostRefused,
    CrossSite,
    RouteNotFound,
    MethodNotAllowed,
    JobNotFound,
    JobExpired,
    QueueNotFound,
    WorkerNotFound,
    RateLimited,
    QueueFull,
    Overloaded,
    OperationIdTaken,
    WrongState,
    DuplicateJob,
    AlreadyRunning,
    StoreUnavailable,
    StoreTimeout,
    StoreFull,
    StoreRefused,
    ShuttingDown,
    Internal,
}

impl Code {
    pub const ALL: [Self; 32] = [
        Self::InvalidJson,
        Self::NestedTooDeep,
        Self::BodyBroken,
        Self::BodyTooSlow,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationFailed,
        Self::InvalidParameter,
        Self::KeyRequired,
        Self::KeyInvalid,
        Self::ScopeMissing,
        Self::HostRefused,
        Self::CrossSite,
        Self::RouteNotFound,
        Self::MethodNotAllowed,
        Self::JobNotFound,
        Self::JobExpired,
        Self::QueueNotFound,
        Self::WorkerNotFound,
        Self::RateLimited,
        Self::QueueFull,
        Self::Overloaded,
        Self::OperationIdTaken,
        Self::WrongState,
        Self::DuplicateJob,
        Self::AlreadyRunning,
        Self::StoreUnavailable,
        Self::StoreTimeout,
        Self::StoreFull,
        Self::StoreRefused,
        Self::ShuttingDown,
        Self::Internal,
    ];

    /// The word, the status and the title.
    pub(super) fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::InvalidJson => ("invalid_json", StatusCode::BAD_REQUEST, "The body is not JSON"),
            Self::NestedTooDeep => ("nested_too_deep", StatusCode::BAD_REQUEST, "The body is nested too deep"),
            Self::BodyBroken => ("body_broken", StatusCode::BAD_REQUEST, "The body broke off"),
            Self::BodyTooSlow => ("body_too_slow", StatusCode::REQUEST_TIMEOUT, "The body took too long"),
            Self::BodyTooLarge => ("body_too_large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be JSON")
            }
            Self::ValidationFailed => {
                ("validation_failed", StatusCode::UNPROCESSABLE_ENTITY, "The body is not what this takes")
            }
            Self::InvalidParameter => {
                ("invalid_parameter", StatusCode::UNPROCESSABLE_ENTITY, "A part of the address is not valid")
            }
            Self::KeyRequired => ("key_required", StatusCode::UNAUTHORIZED, "This needs an API key"),
            Self::KeyInvalid => ("key_invalid", StatusCode::UNAUTHORIZED, "The API key is not valid"),
            Self::ScopeMissing => ("scope_missing", StatusCode::FORBIDDEN, "The API key is not good for this"),
            Self::HostRefused => ("host_refused", StatusCode::FORBIDDEN, "The server does not answer to this host"),
            Self::CrossSite => ("cross_site", StatusCode::FORBIDDEN, "Another site may not ask for this"),
            Self::RouteNotFound => ("route_not_found", StatusCode::NOT_FOUND, "There is nothing here"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "This method is not allowed here")
            }
            Self::JobNotFound => ("job_not_found", StatusCode::NOT_FOUND, "There is no such job"),
            Self::JobExpired => ("job_expired", StatusCode::GONE, "The job's record has been pruned"),
            Self::QueueNotFound => ("queue_not_found", StatusCode::NOT_FOUND, "There is no such queue"),
            Self::WorkerNotFound => ("worker_not_found", StatusCode::NOT_FOUND, "There is no such worker"),
            Self::RateLimited => ("rate_limited", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::QueueFull => ("queue_full", StatusCode::TOO_MANY_REQUESTS, "The queue is full"),
            Self::Overloaded => ("overloaded", StatusCode::SERVICE_UNAVAILABLE, "The server is too busy"),
            Self::OperationIdTaken => ("operation_id_taken", StatusCode::CONFLICT, "The operation id is another job's"),
            Self::WrongState => ("wrong_state", StatusCode::CONFLICT, "The job is in another state"),
            Self::DuplicateJob => ("duplicate_job", StatusCode::CONFLICT, "Another job does the same work"),
            Self::AlreadyRunning => ("already_running", StatusCode::CONFLICT, "It is running already"),
            Self::StoreUnavailable => {
                ("store_unavailable", StatusCode::SERVICE_UNAVAILABLE, "The store cannot be reached")
            }
            Self::StoreTimeout => {
                ("store_timeout", StatusCode::SERVICE_UNAVAILABLE, "The store did not answer in time")
            }
            Self::StoreFull => ("store_full", StatusCode::SERVICE_UNAVAILABLE, "The store is full"),
            Self::StoreRefused => ("store_refused", StatusCode::INTERNAL_SERVER_ERROR, "The store refused"),
            Self::ShuttingDown => ("shutting_down", StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "The server failed"),
        }
    }

    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    pub fn status(self) -> StatusCode {
        self.row().1
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(self) -> bool {
        let passing = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
        passing.contains(&self.status()) || matches!(self, Self::BodyBroken | Self::AlreadyRunning)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_a_word_of_its_own() {
        let words: HashSet<_> = Code::ALL.into_iter().map(Code::as_str).collect();
        assert_eq!(words.len(), Code::ALL.len());
    }
}

//! Why an attempt, or a whole job, failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What went wrong, in a word that the status, the metrics and the command line share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// `handle` returned an error.
    Error,
    /// `handle` returned an error that forbids further tries.
    Fatal,
    /// `handle` panicked.
    Panic,
    /// The attempt ran past its timeout.
    Timeout,
    /// The worker that ran it died or lost its lease.
    WorkerLost,
    /// Too many workers died while they ran it.
    Crashed,
    /// Its tries were used up by an attempt that asked to be released again.
    MaxTries,
    /// The next try would have started after `retry_for`.
    WouldExceedDeadline,
    /// The blocking pool stayed full through every requeue.
    PoolExhausted,
    /// The stored record cannot be decoded.
    Undecodable,
}

impl ErrorKind {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Fatal => "fatal",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::WorkerLost => "worker_lost",
            Self::Crashed => "crashed",
            Self::MaxTries => "max_tries",
            Self::WouldExceedDeadline => "would_exceed_deadline",
            Self::PoolExhausted => "pool_exhausted",
            Self::Undecodable => "undecodable",
        }
    }

    /// Whether trying again could help. Only some kinds end a job at once.
    pub fn is_final(self) -> bool {
        match self {
            Self::Fatal
            | Self::Crashed
            | Self::MaxTries
            | Self::WouldExceedDeadline
            | Self::PoolExhausted
            | Self::Undecodable => true,
            Self::Error | Self::Panic | Self::Timeout | Self::WorkerLost => false,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure: its kind and a text for people, at most [`JobError::MAX_MESSAGE`] bytes.
///
/// It does not implement `std::error::Error`, so that `?` can turn any error into one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    kind: ErrorKind,
    message: String,
}

impl JobError {
    /// Longest message kept, bytes; the rest is cut off and marked.
    pub const MAX_MESSAGE: usize = 16 * 1024;

    /// A failure that may be retried.
    pub fn new(message: impl fmt::Display) -> Self {
        Self::of(ErrorKind::Error, message)
    }

    /// A failure that no retry can mend; the job fails at once.
    pub fn fatal(message: impl fmt::Display) -> Self {
        Self::of(ErrorKind::Fatal, message)
    }

    /// A failure of the given kind.
    pub fn of(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, message: bounded(message.to_string()) }
    }

    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub fn message(&self) -> &str {
        &self.message
    }
}

fn bounded(mut message: String) -> String {
    const MARK: &str = " … (cut)";
    if message.len() > JobError::MAX_MESSAGE {
        let mut end = JobError::MAX_MESSAGE - MARK.len();
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push_str(MARK);
    }
    message
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for JobError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many libraries already repeat their cause in their own text.
            if !message.ends_with(&cause_text) {
                message.push_str(": ");
                message.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::new(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let error = JobError::new("ä".repeat(20_000));
        assert!(error.message().len() <= JobError::MAX_MESSAGE);
        assert!(error.message().ends_with("… (cut)"));
    }

    #[test]
    fn a_question_mark_keeps_the_whole_chain() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot send")]
        struct Outer(#[source] std::io::Error);
        let error = JobError::from(Outer(std::io::Error::other("line busy")));
        assert_eq!(error.message(), "cannot send: line busy");
        assert_eq!(error.kind(), ErrorKind::Error);
    }
}

//! What happens to a job's stored form on its way into a store and out again.

use std::fmt::Debug;

use bytes::Bytes;
use journeyman_job::JobId;

/// Writes and reads stored bodies. The default is none at all: bodies are stored as the JSON they are.
///
/// `encode` must give the same bytes for the same id and body: a repeated dispatch is known by them.
pub trait Codec: Debug + Send + Sync {
    fn encode(&self, id: JobId, body: &Bytes) -> Bytes;

    /// Whether `encode` leaves every body as it is, and need not be called.
    fn is_plain(&self) -> bool {
        false
    }

    /// Reads what `encode` has written, and leaves alone what it has not: a codec can be switched on while jobs wait.
    fn decode(&self, id: JobId, stored: &Bytes) -> Result<Bytes, CodecError>;
}

/// Why a stored body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Another process may be able to: the job waits for it.
    #[error("sealed with key {key:?}, which this process does not have")]
    MissingKey { key: String },
    /// Nobody can.
    #[error("{0}")]
    Damaged(String),
}

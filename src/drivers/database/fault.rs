//! What can go wrong between here and the server, by what can be done about it.

use std::time::Duration;

use crate::queue::StoreError;

/// Why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The server gave up this change for the sake of others: a deadlock, a wait for a lock that took too long.
    Contended(String),
    /// The connection is gone. What was not committed is undone.
    Lost(String),
    /// This server may not write, since another took its place: a new connection may find that one.
    Demoted(String),
    /// The server answers, but cannot do it now.
    Unavailable(String),
    Full(String),
    /// Trying again is no use.
    Refused(String),
}

impl Fault {
    /// Something in the database that this build cannot read.
    pub(super) fn unreadable(what: &str, why: impl std::fmt::Display) -> Self {
        Self::Refused(format!("the database holds {what} that cannot be read: {why}"))
    }

    pub(super) fn too_late(longest: Duration) -> Self {
        Self::Lost(format!("no answer within {} s", longest.as_secs_f64()))
    }

    /// Whether the connections to this server are of no more use.
    pub(super) fn ends_connections(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Demoted(_))
    }

    /// An error that is not about the database but about the way there.
    pub(super) fn of_client(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
                Self::Lost(error.to_string())
            }
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// For a change that was not committed.
impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Contended(said) | Fault::Lost(said) | Fault::Demoted(said) | Fault::Unavailable(said) => {
                Self::Unavailable(said)
            }
            Fault::Full(said) => Self::Full(said),
            Fault::Refused(said) => Self::Refused(said),
        }
    }
}

/// What to say of tables that are not there.
pub(super) const NO_TABLES: &str =
    "the database lacks tables that this version needs: run `journeyman migrate`, then start again";

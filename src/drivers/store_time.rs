//! Whose clock decides in a store that brings its own.

use std::sync::Arc;

use crate::clock::{Clock, Timestamp};

/// Whose clock decides.
#[derive(Debug, Clone)]
pub enum StoreTime {
    /// The server's.
    Server,
    /// One that a test moves.
    Manual(Arc<dyn Clock>),
}

impl StoreTime {
    /// What counts as now when the server told this time, in microseconds since 1970.
    pub(super) fn told(&self, micros: i64) -> Timestamp {
        match self {
            Self::Server => Timestamp::from_micros(micros),
            Self::Manual(clock) => clock.now(),
        }
    }
}

//! Whose clock decides in a store that brings its own.

use std::sync::Arc;

use crate::clock::Clock;

/// Whose clock decides.
#[derive(Debug, Clone)]
pub enum StoreTime {
    /// The server's.
    Server,
    /// One that a test moves.
    Manual(Arc<dyn Clock>),
}

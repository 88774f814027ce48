//! What one server offers of all that there is, and what it asks for.

use super::{ApiState, Builtins};

/// What both its answers and its description depend on.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// Whether callers need API keys.
    pub keys: bool,
    /// Whether `/metrics` needs none even so.
    pub metrics_open: bool,
    /// Whether the trial types may be enqueued.
    pub examples: bool,
    /// Which of the built-in types may be enqueued.
    pub builtins: Builtins,
}

impl Offer {
    /// All there is, to whoever has a key.
    pub const ALL: Self = Self {
        keys: true,
        metrics_open: false,
        examples: true,
        builtins: Builtins { webhook: true, database_operation: true },
    };

    pub fn of(api: &ApiState) -> Self {
        Self {
            keys: api.edge.has_keys(),
            metrics_open: api.edge.metrics_open(),
            examples: api.examples,
            builtins: api.builtins,
        }
    }
}

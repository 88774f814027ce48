//! What one server offers and asks for, of all that there is.

use serde_json::Value;

use super::super::ApiState;
use super::super::edge::SECURITY;

/// What the description of one server depends on.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Offer {
    /// Whether callers need API keys.
    pub keys: bool,
    /// Whether `/metrics` needs none even so.
    pub metrics_open: bool,
    /// Whether the trial types may be enqueued.
    pub examples: bool,
}

impl Offer {
    pub(super) const ALL: Self = Self { keys: true, metrics_open: false, examples: true };

    pub(in crate::http) fn of(api: &ApiState) -> Self {
        Self { keys: api.edge.has_keys(), metrics_open: api.edge.metrics_open(), examples: api.examples }
    }

    /// Takes out of a document the demand for keys that nobody makes, and the refusals of it.
    pub(super) fn strip(self, document: &mut Value) {
        let Some(Value::Object(paths)) = document.get_mut("paths") else { return };
        for (path, item) in paths {
            let asks = self.keys && !(self.metrics_open && path == "/metrics");
            for operation in item.as_object_mut().into_iter().flat_map(|item| item.values_mut()).filter(|_| !asks) {
                if let Some(operation) = operation.as_object_mut() {
                    operation.remove("security");
                    operation.get_mut("responses").and_then(Value::as_object_mut).map(|all| all.remove("401"));
                }
            }
        }
        if !self.keys
            && let Some(components) = document.get_mut("components").and_then(Value::as_object_mut)
            && let Some(Value::Object(schemes)) = components.get_mut("securitySchemes")
        {
            schemes.remove(SECURITY);
            if schemes.is_empty() {
                components.remove("securitySchemes");
            }
        }
    }
}

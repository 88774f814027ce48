//! The demand for keys, which not every server makes.

use serde_json::Value;

use super::super::edge::SECURITY;
use super::super::offer::Offer;

/// Takes out of a document the demands that nobody makes, and the refusals of those who do not meet them.
pub(super) fn strip(document: &mut Value, offer: Offer) {
    let Some(Value::Object(paths)) = document.get_mut("paths") else { return };
    for (path, item) in paths {
        if offer.keys && !(offer.metrics_open && path == "/metrics") {
            continue;
        }
        let operations = item.as_object_mut().into_iter().flat_map(|item| item.values_mut());
        for operation in operations.filter_map(Value::as_object_mut) {
            operation.remove("security");
            if let Some(Value::Object(responses)) = operation.get_mut("responses") {
                responses.remove("401");
            }
        }
    }
    if !offer.keys
        && let Some(Value::Object(components)) = document.get_mut("components")
        && let Some(Value::Object(schemes)) = components.get_mut("securitySchemes")
    {
        schemes.remove(SECURITY);
        if schemes.is_empty() {
            components.remove("securitySchemes");
        }
    }
}

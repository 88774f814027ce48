//! What holds between the members of an enqueue: each job type with its own payload, and what excludes what.

use journeyman_job::{RawJson, registry};
use serde_json::{Map, Value, json};

use super::super::enqueue::is_offered;
use super::Offer;
use super::payloads::component_of;
use crate::queue::decode_payload;

/// Makes the schema of an enqueue say all that the API checks.
pub(super) fn describe(schemas: &mut Map<String, Value>, offer: Offer) {
    let types: Vec<&str> = registry::names().into_iter().filter(|name| is_offered(name, offer.examples)).collect();
    let alternatives: Vec<Value> = types.iter().map(|name| alternative(schemas, name)).collect();
    let Some(Value::Object(request)) = schemas.get_mut("EnqueueRequest") else { return };
    if !types.is_empty() {
        if let Some(Value::Object(task_type)) = request.get_mut("properties").and_then(|of| of.get_mut("task_type")) {
            task_type.insert("enum".to_owned(), json!(types));
        }
        request.insert("oneOf".to_owned(), alternatives.into());
    }
    let exclusions = json!([
        {"title": "Not both delay and run_at", "not": {"required": ["delay", "run_at"]}},
        {"title": "Not both max_tries and retry_config.max_attempts", "not": {
            "required": ["max_tries", "retry_config"],
            "properties": {"retry_config": {"required": ["max_attempts"]}}
        }}
    ]);
    request.insert("allOf".to_owned(), exclusions);
}

/// A type with its payload, as one of the forms of a request.
fn alternative(schemas: &Map<String, Value>, name: &str) -> Value {
    let component = component_of(name);
    let mut form = json!({"title": name, "properties": {"task_type": {"const": name}}});
    if let Some(schema) = schemas.get(&component) {
        form["properties"]["task_data"] = json!({"$ref": format!("#/components/schemas/{component}")});
        if let Some(description) = schema.get("description") {
            form["description"] = description.clone();
        }
    }
    let empty = RawJson::parse("{}".into());
    if !empty.is_ok_and(|empty| decode_payload(name, &empty).is_ok()) {
        form["required"] = json!(["task_data"]);
    }
    form
}

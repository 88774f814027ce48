//! The API's description, OpenAPI 3.1, made from the handlers and the job types of this binary.

use journeyman_job::registry;
use serde_json::{Map, Value};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, tag::TagBuilder};

use super::edge::SECURITY;
use super::{resources, yaml};

/// The document.
pub fn openapi() -> Value {
    complete(&resources(true).into_openapi())
}

/// The document in YAML, as it is kept beside the code.
pub fn openapi_yaml() -> String {
    // People start reading at the top, where the alphabet would put the components.
    openapi()
        .as_object()
        .map_or_else(String::new, |document| yaml::write(document, &["openapi", "info", "tags", "paths"]))
}

/// What the document says before any path.
pub(super) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Journeyman")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "An HTTP job server. Every refusal is `application/problem+json` (RFC 9457) with a stable `code`. Every \
             answer carries `x-request-id`: the caller's own if it sent one of 1 to 128 of `A-Z a-z 0-9 . _ -`.",
        ))
        .license(Some(License::new("MIT OR Apache-2.0")));
    let tag = |name: &str, description: &str| TagBuilder::new().name(name).description(Some(description)).build();
    let keys = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An API key, made with `journeyman key new`. What each operation needs it to be good for stands with it; \
         `admin` is good for all. A server that only its own machine can reach may have no keys and ask for none.",
    ));
    OpenApiBuilder::new()
        .info(info)
        .components(Some(
            ComponentsBuilder::new().security_scheme(SECURITY, SecurityScheme::Http(keys.build())).build(),
        ))
        .tags(Some([
            tag("jobs", "Enqueue jobs and follow them."),
            tag("failed", "Failed jobs, and what becomes of them."),
            tag("queues", "Queues in numbers; purge, pause and resume them."),
            tag("examples", "Example jobs, where the server is started with them."),
            tag("health", "For whoever decides about restarts and about traffic."),
        ]))
        .build()
}

/// Adds the payload schema of every job type, as `Job.<name>`.
///
/// It is done on the finished JSON, because utoipa's own schema type would lose what schemars knows beyond it.
pub(super) fn complete(document: &OpenApi) -> Value {
    // A document of strings, numbers and lists can always be written.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        for job_type in registry::types() {
            add(schemas, &format!("Job.{}", job_type.name), (job_type.schema)().to_value());
        }
    }
    document
}

/// Adds a schema that stands by itself: its definitions become components next to it, and its references follow them.
fn add(schemas: &mut Map<String, Value>, name: &str, mut schema: Value) {
    redirect(&mut schema, name);
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        if let Some(Value::Object(definitions)) = object.remove("$defs") {
            schemas.extend(definitions.into_iter().map(|(key, value)| (component(name, &key), value)));
        }
    }
    schemas.insert(name.to_owned(), schema);
}

fn redirect(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str().and_then(|target| target.strip_prefix('#')) {
                    Some(target) if key == "$ref" => {
                        let moved = target.strip_prefix("/$defs/").map_or(name.to_owned(), |key| component(name, key));
                        *value = Value::from(format!("#/components/schemas/{moved}"));
                    }
                    _ => redirect(value, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// OpenAPI allows fewer characters in the name of a component than JSON schema does.
fn component(name: &str, definition: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let safe: String = definition.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    format!("{name}.{safe}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn definitions_become_components_and_references_follow() {
        let mut schemas = Map::new();
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": {"items": {"items": {"$ref": "#/$defs/Item<u8>"}}, "parent": {"$ref": "#"}},
            "$defs": {"Item<u8>": {"properties": {"next": {"$ref": "#/$defs/Item<u8>"}}}}
        });
        add(&mut schemas, "Job.tree", schema);
        let item = "#/components/schemas/Job.tree.Item_u8_";
        let expected = json!({
            "Job.tree": {"properties": {
                "items": {"items": {"$ref": item}},
                "parent": {"$ref": "#/components/schemas/Job.tree"}
            }},
            "Job.tree.Item_u8_": {"properties": {"next": {"$ref": item}}}
        });
        assert_eq!(Value::Object(schemas), expected);
    }
}

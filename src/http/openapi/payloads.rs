//! The payloads of the job types, as components of their own.

use journeyman_job::registry;
use serde_json::{Map, Value};

/// The component that describes a type's payload.
pub(super) fn component_of(type_name: &str) -> String {
    format!("Job.{type_name}")
}

/// Adds the payload schema of every job type that has one.
pub(super) fn add_all(schemas: &mut Map<String, Value>) {
    for job_type in registry::names().into_iter().filter_map(registry::find) {
        add(schemas, &component_of(job_type.name), (job_type.schema)().to_value());
    }
}

/// Adds a schema that stands by itself: its definitions become components next to it, and its references follow them.
fn add(schemas: &mut Map<String, Value>, name: &str, mut schema: Value) {
    redirect(&mut schema, name);
    bound(&mut schema);
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

/// The least and the most of the integers that schemars calls by their Rust type.
fn range(format: &str) -> Option<(Value, Value)> {
    Some(match format {
        "uint8" => (u8::MIN.into(), u8::MAX.into()),
        "uint16" => (u16::MIN.into(), u16::MAX.into()),
        "uint32" => (u32::MIN.into(), u32::MAX.into()),
        "uint64" | "uint" => (u64::MIN.into(), u64::MAX.into()),
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" | "int" => (i64::MIN.into(), i64::MAX.into()),
        _ => return None,
    })
}

/// Writes out what a `format` only hints at, wherever the type itself says nothing narrower.
fn bound(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some((least, most)) = members.get("format").and_then(Value::as_str).and_then(range) {
                let narrowed = |members: &Map<String, Value>, side: &str| {
                    members.contains_key(&format!("exclusive{side}")) || members.contains_key(&side.to_lowercase())
                };
                if !narrowed(members, "Minimum") {
                    members.insert("minimum".to_owned(), least);
                }
                if !narrowed(members, "Maximum") {
                    members.insert("maximum".to_owned(), most);
                }
            }
            members.values_mut().for_each(bound);
        }
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
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

    #[test]
    fn integers_have_the_bounds_of_their_type_or_narrower_ones() {
        let mut schema = json!({"properties": {
            "id": {"type": "integer", "format": "uint64", "minimum": 0},
            "level": {"type": "integer", "format": "int8", "minimum": 1, "exclusiveMaximum": 4},
            "name": {"type": "string", "format": "uuid"}
        }});
        bound(&mut schema);
        let expected = json!({"properties": {
            "id": {"type": "integer", "format": "uint64", "minimum": 0, "maximum": u64::MAX},
            "level": {"type": "integer", "format": "int8", "minimum": 1, "exclusiveMaximum": 4},
            "name": {"type": "string", "format": "uuid"}
        }});
        assert_eq!(schema, expected);
    }
}

//! `journeyman types`.

use std::process::ExitCode;

use comfy_table::{ColumnConstraint, Width};
use journeyman_job::registry;
use serde_json::{Value, json};

use super::Outcome;
use super::output::{Output, list};

pub(super) fn run(output: &Output) -> Outcome {
    registry::check()?;
    let types: Vec<Value> = registry::names().iter().map(|name| described(name)).collect();
    output.show(&types, || {
        let mut shown = list(["type", "payload", "description"]);
        let longest = registry::names().iter().map(|name| name.len()).max().unwrap_or_default();
        let width = u16::try_from(longest + 2).unwrap_or(u16::MAX).min(40);
        shown.set_constraints([ColumnConstraint::LowerBoundary(Width::Fixed(width))]);
        for described in &types {
            shown.add_row([text(&described["name"]), fields(&described["schema"]), text(&described["description"])]);
        }
        shown
    })?;
    Ok(ExitCode::SUCCESS)
}

fn described(name: &str) -> Value {
    let Some(job_type) = registry::find(name) else {
        return json!({"name": name, "schema": null, "description": "(plain typetag form: not documented)"});
    };
    let schema = (job_type.schema)().to_value();
    json!({
        "name": name,
        "description": schema["description"],
        "rust_type": job_type.rust_type,
        "source": job_type.source,
        "schema": schema,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// Names of the payload's fields, the optional ones with a question mark.
fn fields(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else { return String::new() };
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let names = properties.keys().map(|name| if is_required(name) { name.clone() } else { format!("{name}?") });
    names.collect::<Vec<_>>().join(" ")
}

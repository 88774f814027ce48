//! What holds between the members of a body, and what a body may name: rules for which utoipa has no word.

use journeyman_job::{RawJson, registry};
use serde_json::{Map, Value, json};

use super::super::enqueue::is_taken;
use super::super::offer::Offer;
use super::payloads::component_of;
use crate::queue::operations::Action;
use crate::queue::{State, decode_payload};

type Schemas = Map<String, Value>;

/// Bodies that are the payload of one job type.
const PAYLOADS: [(&str, &str); 3] = [
    ("CreditPurchaseRequest", "credit_purchase"),
    ("UserRegistrationRequest", "user_registration"),
    ("CreditUpdateRequest", "credit_update"),
];

/// Makes the schemas of bodies say all that the API checks.
pub(super) fn add(schemas: &mut Schemas, offer: Offer) {
    let types: Vec<&str> = registry::names().into_iter().filter(|name| is_taken(name, offer).is_ok()).collect();
    enqueue(schemas, &types);
    callback(schemas, &types);
    retry(schemas);
    bulk(schemas);
    for (body, job_type) in PAYLOADS {
        same(schemas, body, &component_of(job_type));
    }
}

/// Each job type with its own payload, and what excludes what.
fn enqueue(schemas: &mut Schemas, types: &[&str]) {
    let forms: Vec<Value> = types.iter().map(|name| form(schemas, name)).collect();
    let Some(Value::Object(request)) = schemas.get_mut("EnqueueRequest") else { return };
    // A list of alternatives must not be empty.
    if !types.is_empty() {
        only(request, "task_type", types);
        request.insert("oneOf".to_owned(), forms.into());
    }
    let exclusions = json!([
        {"title": "Not both delay and run_at", "not": {"required": ["delay", "run_at"]}},
        {"title": "Not both max_tries and retry_config.max_attempts", "not": {
            "required": ["max_tries", "retry_config"],
            "properties": {
                "max_tries": {"type": "integer"},
                "retry_config": {"required": ["max_attempts"], "properties": {"max_attempts": {"type": "integer"}}}
            }
        }}
    ]);
    request.insert("allOf".to_owned(), exclusions);
}

/// A type with its payload, as one of the forms of a request.
fn form(schemas: &Schemas, name: &str) -> Value {
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

/// A callback names a type that could be enqueued as well.
fn callback(schemas: &mut Schemas, types: &[&str]) {
    let Some(Value::Array(forms)) = schemas.get_mut("Callback").and_then(|callback| callback.get_mut("oneOf")) else {
        return;
    };
    if types.is_empty() {
        return;
    }
    for form in forms.iter_mut().filter_map(Value::as_object_mut) {
        only(form, "task_type", types);
        if form.get("title").is_some_and(|title| title == "name") {
            form.insert("enum".to_owned(), json!(types));
        }
    }
}

/// Exactly one of the three ways to say which, and a cursor only where there is more than one page.
fn retry(schemas: &mut Schemas) {
    let Some(Value::Object(request)) = schemas.get_mut("RetryRequest") else { return };
    let forms = json!([
        {"title": "ids", "required": ["ids"], "not": {"required": ["cursor"]}},
        {"title": "queue_name", "required": ["queue_name"]},
        {"title": "all", "required": ["all"], "properties": {"all": {"const": true}}}
    ]);
    request.insert("oneOf".to_owned(), forms);
}

/// Ids or a filter, and of a filter a state that the action is for.
fn bulk(schemas: &mut Schemas) {
    let Some(Value::Object(request)) = schemas.get_mut("BulkRequest") else { return };
    let absent = |member: &str| json!({"required": [member]});
    let mut forms = vec![json!({
        "title": "task_ids",
        "required": ["task_ids"],
        "not": {"anyOf": [absent("filter"), absent("cursor"), {
            "required": ["dry_run"], "properties": {"dry_run": {"const": true}}
        }]}
    })];
    forms.extend(Action::ALL.map(|action| {
        let states: Vec<&str> =
            State::ALL.into_iter().filter(|state| action.is_for(*state)).map(State::as_str).collect();
        json!({
            "title": format!("{} by filter", action.as_str()),
            "required": ["filter"],
            "not": absent("task_ids"),
            "properties": {
                "action": {"const": action.as_str()},
                "filter": {"properties": {"state": {"enum": states}}}
            }
        })
    }));
    request.insert("oneOf".to_owned(), forms.into());
}

/// Gives a body the members of a payload; its own words and example stay.
fn same(schemas: &mut Schemas, body: &str, payload: &str) {
    let Some(Value::Object(payload)) = schemas.get(payload).cloned() else { return };
    let Some(Value::Object(body)) = schemas.get_mut(body) else { return };
    for part in ["properties", "required", "additionalProperties"] {
        if let Some(value) = payload.get(part) {
            body.insert(part.to_owned(), value.clone());
        }
    }
}

/// Lets a member, if there is one, be one of these words.
fn only(schema: &mut Schemas, member: &str, words: &[&str]) {
    if let Some(Value::Object(member)) = schema.get_mut("properties").and_then(|members| members.get_mut(member)) {
        member.insert("enum".to_owned(), json!(words));
    }
}

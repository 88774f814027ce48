//! Schemas of the words that the API shares with the domain, made from the domain so that they cannot differ.

use std::borrow::Cow;

use journeyman_job::Priority;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::queue::State;

/// A job's state.
pub struct StateWord;

impl PartialSchema for StateWord {
    fn schema() -> RefOr<Schema> {
        words(State::ALL.map(State::as_str), "Where a job is.").into()
    }
}

impl ToSchema for StateWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("State")
    }
}

/// A priority as the API writes it.
pub struct PriorityWord;

impl PartialSchema for PriorityWord {
    fn schema() -> RefOr<Schema> {
        words(priorities(), "How urgent a job is.").into()
    }
}

impl ToSchema for PriorityWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Priority")
    }
}

/// A priority as the API takes it: the name in any case, or the number.
pub struct PriorityGiven;

impl PartialSchema for PriorityGiven {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(4));
        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some("(?i)^(low|normal|high|critical)$")))
            .item(number)
            .description(Some("low, normal, high or critical in any case, or 1 (low) to 4 (critical)."))
            .examples([serde_json::json!("high"), serde_json::json!(3)])
            .into()
    }
}

impl ToSchema for PriorityGiven {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PriorityGiven")
    }
}

fn priorities() -> [&'static str; 4] {
    let [critical, high, normal, low] = Priority::DESCENDING.map(Priority::as_str);
    [low, normal, high, critical]
}

fn words<const N: usize>(words: [&'static str; N], description: &str) -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .description(Some(description))
        .enum_values(Some(words))
        .into()
}

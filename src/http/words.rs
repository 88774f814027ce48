//! Schemas of the words that the API shares with the domain, made from the domain so that they cannot differ.

use std::borrow::Cow;

use journeyman_job::Priority;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::code::Code;
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
            .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some(
                "^([Ll][Oo][Ww]|[Nn][Oo][Rr][Mm][Aa][Ll]|[Hh][Ii][Gg][Hh]|[Cc][Rr][Ii][Tt][Ii][Cc][Aa][Ll])$",
            )))
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

/// What went wrong.
pub struct CodeWord;

impl PartialSchema for CodeWord {
    fn schema() -> RefOr<Schema> {
        words(Code::ALL.map(Code::as_str), "What went wrong, for programs.").into()
    }
}

impl ToSchema for CodeWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Code")
    }
}

/// A `retry_config`, whose members depend on its strategy.
pub struct RetryConfigGiven;

impl PartialSchema for RetryConfigGiven {
    fn schema() -> RefOr<Schema> {
        let number = || ObjectBuilder::new().schema_type(Type::Number);
        let seconds = |text: &str| number().minimum(Some(0)).description(Some(text));
        let delays = ArrayBuilder::new().items(seconds("Seconds.")).min_items(Some(1)).max_items(Some(100));
        let attempts = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        ObjectBuilder::new()
            .description(Some("When to try again. Each strategy takes its own members beside those of all."))
            .property("strategy", words(["fixed", "exponential", "custom"], "`exponential` by default."))
            .property("delay", seconds("fixed: seconds between tries."))
            .property(
                "base",
                number().minimum(Some(1)).maximum(Some(1000)).description(Some("exponential: 2 by default.")),
            )
            .property("min_delay", seconds("exponential: the first wait, 1 s by default."))
            .property("max_delay", seconds("exponential: the longest wait, 60 s by default."))
            .property("delays", delays.description(Some("custom: each wait in turn; the last one repeats.")))
            .property("max_attempts", attempts.description(Some("Executions in total; 0 = no limit.")))
            .property("timeout", seconds("Total budget since the first attempt began."))
            .property(
                "jitter",
                ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Varies waits by 10 %.")),
            )
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
            .examples([serde_json::json!({"strategy": "custom", "delays": [60, 300.5], "max_attempts": 5})])
            .into()
    }
}

impl ToSchema for RetryConfigGiven {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("RetryConfig")
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

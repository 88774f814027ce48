//! Schemas of the words that the API shares with the domain, made from the domain so that they cannot differ.

use std::borrow::Cow;

use journeyman_job::{Priority, seconds};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::code::Code;
use crate::access::Scope;
use crate::circuit::Phase;
use crate::queue::operations::{Action, Runs, Within};
use crate::queue::{Class, Flaw, Order, State, WorkerState, limits};

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

/// A part of a job that a text is looked for in.
pub struct WithinWord;

impl PartialSchema for WithinWord {
    fn schema() -> RefOr<Schema> {
        words(Within::ALL.map(Within::as_str), "A part of a job.").into()
    }
}

impl ToSchema for WithinWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TextIn")
    }
}

/// What a key may be good for.
pub struct ScopeWord;

impl PartialSchema for ScopeWord {
    fn schema() -> RefOr<Schema> {
        words(Scope::ALL.map(Scope::as_str), "What a key may be good for.").into()
    }
}

impl ToSchema for ScopeWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Scope")
    }
}

/// How a circuit breaker is.
pub struct BreakerWord;

impl PartialSchema for BreakerWord {
    fn schema() -> RefOr<Schema> {
        words(Phase::ALL.map(Phase::as_str), "How the circuit breaker around the store is.").into()
    }
}

impl ToSchema for BreakerWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Breaker")
    }
}

/// What can be wrong with what a store keeps.
pub struct FlawWord;

impl PartialSchema for FlawWord {
    fn schema() -> RefOr<Schema> {
        words(Flaw::ALL.map(Flaw::as_str), "What can be wrong with what a store keeps.").into()
    }
}

impl ToSchema for FlawWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Flaw")
    }
}

/// What is looked at together.
pub struct ClassWord;

impl PartialSchema for ClassWord {
    fn schema() -> RefOr<Schema> {
        words(Class::ALL.map(Class::as_str), "What of a store is looked at together.").into()
    }
}

impl ToSchema for ClassWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("VerifyClass")
    }
}

/// What can be done to many jobs.
pub struct ActionWord;

impl PartialSchema for ActionWord {
    fn schema() -> RefOr<Schema> {
        words(Action::ALL.map(Action::as_str), "What can be done to many jobs.").into()
    }
}

impl ToSchema for ActionWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Action")
    }
}

/// What becomes of a job.
pub struct RunsWord;

impl PartialSchema for RunsWord {
    fn schema() -> RefOr<Schema> {
        words(Runs::ALL.map(Runs::as_str), "Whether a job runs.").into()
    }
}

impl ToSchema for RunsWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Runs")
    }
}

/// How a worker does.
pub struct WorkerStateWord;

impl PartialSchema for WorkerStateWord {
    fn schema() -> RefOr<Schema> {
        words(WorkerState::ALL.map(WorkerState::as_str), "How a worker does.").into()
    }
}

impl ToSchema for WorkerStateWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WorkerState")
    }
}

/// What a worker is told.
pub struct OrderWord;

impl PartialSchema for OrderWord {
    fn schema() -> RefOr<Schema> {
        words(Order::ALL.map(Order::as_str), "What a worker is told.").into()
    }
}

impl ToSchema for OrderWord {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WorkerOrder")
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
        let numbers = Priority::DESCENDING.map(Priority::as_number);
        let number = ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(numbers));
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

/// A tag.
pub struct TagGiven;

impl PartialSchema for TagGiven {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(limits::TAG))
            .pattern(Some(r"^[^\u0000-\u001f\u007f-\u009f]*$"))
            .into()
    }
}

impl ToSchema for TagGiven {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Tag")
    }
}

/// A `retry_config`, whose members depend on its strategy.
pub struct RetryConfigGiven;

impl PartialSchema for RetryConfigGiven {
    fn schema() -> RefOr<Schema> {
        let number = |kind: SchemaType, least: f64, most: f64, text: &str| {
            let number = ObjectBuilder::new().schema_type(kind).minimum(Some(least)).maximum(Some(most));
            number.description(Some(text))
        };
        let maybe = |least: f64, most: f64, text: &str| number(or_null(Type::Number), least, most, text);
        let longest = seconds::MAX.as_secs_f64();
        let wait = |text: &str| number(Type::Number.into(), 0.0, longest, text);
        let maybe_wait = |text: &str| maybe(0.0, longest, text);
        let delays = ArrayBuilder::new().items(wait("Seconds.")).min_items(Some(1)).max_items(Some(100));
        let fixed = strategy("fixed", "The same wait each time.")
            .property("delay", wait("Seconds between tries."))
            .required("strategy")
            .required("delay");
        let exponential = strategy("exponential", "Waits that grow. The strategy where none is named.")
            .property("base", maybe(1.0, 1000.0, "Each wait is this many times the one before; 2 by default."))
            .property("min_delay", maybe_wait("The first wait, 1 s by default; not longer than `max_delay`."))
            .property("max_delay", maybe_wait("The longest wait; 60 s by default, or `min_delay` if that is longer."));
        let custom = strategy("custom", "A list of waits.")
            .property("delays", delays.description(Some("Each wait in turn; the last one repeats.")))
            .required("strategy")
            .required("delays");
        let attempts = || {
            let integer =
                ObjectBuilder::new().schema_type(or_null(Type::Integer)).minimum(Some(0)).maximum(Some(u32::MAX));
            integer.description(Some("Executions in total; 0 = no limit."))
        };
        let budget =
            || maybe(limits::TIMEOUT.as_secs_f64(), longest, "Total budget since the first attempt began, seconds.");
        let jitter =
            || ObjectBuilder::new().schema_type(or_null(Type::Boolean)).description(Some("Varies waits by 10 %."));
        let of_all = |strategy: ObjectBuilder| {
            strategy
                .property("max_attempts", attempts())
                .property("timeout", budget())
                .property("jitter", jitter())
                .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
        };
        [fixed, exponential, custom]
            .into_iter()
            .fold(OneOfBuilder::new(), |all, strategy| all.item(of_all(strategy)))
            .description(Some("When to try again. Each strategy takes its own members beside those of all."))
            .examples([serde_json::json!({"strategy": "custom", "delays": [60, 300.5], "max_attempts": 5})])
            .into()
    }
}

/// What may as well be null, which is the same as not being there.
fn or_null(kind: Type) -> SchemaType {
    SchemaType::from_iter([kind, Type::Null])
}

fn strategy(name: &'static str, description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .title(Some(name))
        .description(Some(description))
        .property("strategy", ObjectBuilder::new().schema_type(Type::String).enum_values(Some([name])))
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

//! R11: job types made of a function.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

use journeyman_job::prelude::*;
use journeyman_job::registry::{self, RegistryError};
use journeyman_job::{Dispatch, JobSpec};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Typed {}

#[job(name = "typed")]
impl Job for Typed {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

/// What an order holds.
#[derive(Debug, Deserialize, JsonSchema)]
struct Order {
    #[expect(dead_code, reason = "only its shape is looked at")]
    items: Vec<u32>,
}

fn body(name: &str, data: &str) -> Vec<u8> {
    format!(r#"{{"type":"{name}","data":{data},"v":1}}"#).into_bytes()
}

#[test]
fn r11_a_handler_is_a_job_type_like_any_other() {
    register_handler("first.plain", |data: RawJson, _ctx| async move { data }).unwrap();
    assert!(registry::knows("first.plain") && registry::names().contains(&"first.plain"));
    assert!(registry::names().is_sorted() && registry::names().contains(&"typed"));
    assert!(registry::find("first.plain").unwrap().source.contains("handlers.rs"));
    assert_eq!(registry::check(), Ok(()));

    let exact = r#"{"value": [ ], "n":9007199254740993}"#;
    let job = registry::decode("first.plain", &body("first.plain", exact)).unwrap();
    let spec = JobSpec::of(job.as_ref()).unwrap();
    assert_eq!((spec.type_name.as_str(), spec.data.get()), ("first.plain", exact));
}

#[test]
fn r11_options_are_the_documented_defaults_or_as_given() {
    register_handler("options.none", |_: Value, _ctx| async {}).unwrap();
    let job = registry::decode("options.none", &body("options.none", "{}")).unwrap();
    let dispatch = Dispatch::new(job.as_ref()).unwrap();
    assert_eq!(job.timeout(), Duration::from_secs(30), "work_timeout, not the 60 s of a typed job");
    assert_eq!((dispatch.queue().as_str(), job.max_tries(), job.lane()), ("default", 3, Lane::Async));

    let handler = Handler::named("options.all").queue("credits").max_tries(7).timeout(Duration::from_secs(2));
    let handler = handler.priority(Priority::High).lane(Lane::Blocking).tag("money").retry_for(Duration::from_secs(9));
    handler.retry_after(Duration::from_secs(1)).register(|_: Value, _ctx| async {}).unwrap();
    let job = registry::decode("options.all", &body("options.all", "1")).unwrap();
    let spec = JobSpec::of(job.as_ref()).unwrap();
    let options = spec.options;
    assert_eq!((spec.queue.as_str(), options.max_tries, options.priority), ("credits", 7, Priority::High));
    assert_eq!((options.timeout.as_secs(), options.lane), (2, Lane::Blocking));
    assert_eq!((options.retry_for, options.tags), (Some(Duration::from_secs(9)), vec!["money".to_owned()]));
    assert_eq!(options.backoff, Backoff::fixed(Duration::from_secs(1)));
}

#[test]
fn r11_a_name_that_is_taken_is_refused_and_both_are_named() {
    register_handler("taken", |_: Value, _ctx| async { true }).unwrap();
    let by_handler = register_handler("taken", |_: Value, _ctx| async { json!(1) }).unwrap_err().to_string();
    assert_eq!(by_handler.matches("handlers.rs:").count(), 2, "{by_handler}");
    let by_typed = register_handler("typed", |_: Value, _ctx| async {}).unwrap_err().to_string();
    assert!(by_typed.contains("Typed") && by_typed.contains("a handler"), "{by_typed}");
}

#[test]
fn r11_a_name_or_queue_that_no_job_may_have_is_refused() {
    for name in ["", "two words", "ä"] {
        let refused = register_handler(name, |_: Value, _ctx| async {});
        assert_eq!(refused, Err(RegistryError::Name(name.to_owned())));
    }
    let refused = Handler::named("bad.queue").queue("a b").register(|_: Value, _ctx| async {}).unwrap_err();
    assert!(refused.to_string().contains("bad.queue"), "{refused}");
    assert!(!registry::knows("bad.queue"));
}

#[test]
fn r11_a_payload_that_does_not_fit_the_functions_own_type_is_refused_by_pointer() {
    register_handler("order", |_: Order, _ctx| async {}).unwrap();
    let misfit = registry::decode("order", &body("order", r#"{"items":[1,"x"]}"#)).unwrap_err();
    assert_eq!(misfit.pointer, "/items/1");
    let schema = (registry::find("order").unwrap().schema)().to_value();
    assert_eq!(schema["description"], "What an order holds.");
}

#[test]
fn r11_code_dispatches_to_a_handler_by_its_name() {
    register_handler("by.name", |_: Order, _ctx| async {}).unwrap();
    let dispatch = Dispatch::named("by.name", &json!({"items": [1]})).unwrap();
    assert_eq!((dispatch.spec.type_name.as_str(), dispatch.spec.data.get()), ("by.name", r#"{"items":[1]}"#));
    let misfit = Dispatch::named("by.name", &json!({"items": ["x"]})).unwrap_err().to_string();
    assert!(misfit.starts_with("job by.name: /items/0: "), "{misfit}");
    let unknown = Dispatch::named("by.nome", &json!({})).unwrap_err().to_string();
    assert!(unknown.contains("by.nome"), "{unknown}");
}

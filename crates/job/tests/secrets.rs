//! R12: fields that are encrypted at rest.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

use journeyman_job::prelude::*;
use journeyman_job::secret::{KeyRing, generate_key, install_keys, installed_keys};
use journeyman_job::{JobSpec, Misfit, RawJson, Secret, registry};
use serde_json::Value;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Card {
    number: String,
    pin: u16,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Pay {
    amount: u64,
    card: Secret<Card>,
    #[serde(default)]
    token: Option<Secret<String>>,
}

#[job]
impl Job for Pay {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Outcome::with(self.card.expose().number.len())
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Refund {
    token: Secret<String>,
}

#[job]
impl Job for Refund {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Open {
    value: RawJson,
}

#[job]
impl Job for Open {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

fn ring() -> &'static KeyRing {
    if installed_keys().is_none() {
        // Of tests that come here at once the first wins, and any ring will do.
        let _ = install_keys(&KeyRing::parse(&generate_key().unwrap()).unwrap());
    }
    installed_keys().unwrap()
}

fn given(name: &str, data: &str) -> Result<JobSpec, Misfit> {
    ring();
    let data = RawJson::parse(data.into()).unwrap();
    let job = registry::decode_given(name, &data)?;
    Ok(JobSpec::with_data(job.as_ref(), name.into(), data).unwrap())
}

fn stored(name: &str, data: &str) -> Result<Box<dyn Job>, Misfit> {
    registry::decode(name, format!(r#"{{"type":"{name}","data":{data},"v":1}}"#).as_bytes())
}

const PLAIN: &str = r#"{"amount": 9007199254740993, "card": {"number":"4111","pin":9999}, "token":"hunter2"}"#;

#[test]
fn r12_what_a_caller_gives_plain_is_sealed_before_it_is_stored_and_opened_where_it_runs() {
    let spec = given("pay", PLAIN).unwrap();
    let text = spec.data.get();
    assert!(!text.contains("4111") && !text.contains("9999") && !text.contains("hunter2"), "{text}");
    let data: Value = spec.data.decode().unwrap();
    assert_eq!(data["amount"].to_string(), "9007199254740993");
    assert!(KeyRing::is_sealed(data["card"].as_str().unwrap()) && KeyRing::is_sealed(data["token"].as_str().unwrap()));

    let job = stored("pay", text).unwrap();
    assert!(!format!("{job:?}").contains("hunter2"));
    // Opened again: once more through the store it still is what was given.
    let again = JobSpec::of(job.as_ref()).unwrap();
    assert_ne!(again.data.get(), text, "nobody sees that two jobs hold the same secret");
    let plain = |data: &RawJson| {
        let data: Value = data.decode().unwrap();
        ring().open("pay", data["card"].as_str().unwrap()).unwrap().to_vec()
    };
    assert_eq!(plain(&again.data), plain(&spec.data));
    assert_eq!(plain(&spec.data), br#"{"number":"4111","pin":9999}"#);
}

#[test]
fn r12_a_job_from_code_is_sealed_too() {
    ring();
    let pay = Pay { amount: 1, card: Card { number: "4111".into(), pin: 1 }.into(), token: None };
    let spec = Dispatch::new(&pay).unwrap().spec;
    assert!(!spec.data.get().contains("4111"), "{:?}", spec.data);
    assert!(stored("pay", spec.data.get()).is_ok());
}

#[test]
fn r12_a_type_without_secrets_keeps_its_exact_text() {
    let exact = r#"{"value":[ ],  "n":1e400}"#;
    assert_eq!(given("open", exact).unwrap().data.get(), exact);
}

#[test]
fn r12_a_sealed_text_is_for_its_own_type_and_for_the_store_alone() {
    let sealed = ring().seal("pay", b"\"hunter2\"").unwrap();
    let data = format!(r#"{{"token":"{sealed}"}}"#);
    let from_another_type = stored("refund", &data).unwrap_err();
    assert!(!from_another_type.is_missing_key && from_another_type.message.contains("another type"));
    let own = ring().seal("refund", b"\"hunter2\"").unwrap();
    let data = format!(r#"{{"token":"{own}"}}"#);
    assert!(stored("refund", &data).is_ok());
    let from_outside = given("refund", &data).unwrap_err();
    assert_eq!(from_outside.pointer, "/token");
    assert!(from_outside.message.contains("give the value itself"), "{from_outside}");
}

#[test]
fn r12_a_key_that_is_elsewhere_is_told_apart_from_damage() {
    let other = KeyRing::parse(&generate_key().unwrap()).unwrap();
    let sealed = other.seal("refund", b"\"hunter2\"").unwrap();
    let misfit = stored("refund", &format!(r#"{{"token":"{sealed}"}}"#)).unwrap_err();
    assert!(misfit.is_missing_key, "{misfit}");
    assert_eq!(misfit.pointer, "/token");
}

#[test]
fn r12_a_payload_from_before_the_field_was_a_secret_still_runs() {
    assert!(stored("refund", r#"{"token":"hunter2"}"#).is_ok());
}

#[test]
fn r12_a_value_that_does_not_fit_is_refused_without_being_quoted() {
    let misfit = given("pay", r#"{"amount":1,"card":{"number":"4111","pin":"9999"}}"#).unwrap_err();
    assert_eq!(misfit.pointer, "/card");
    assert!(!misfit.message.contains("9999"), "{misfit}");
}

#[test]
fn r12_a_handler_whose_payload_would_hold_a_secret_is_refused() {
    register_handler("secret.handler", |_: Refund, _ctx| async {}).unwrap();
    let misfit = given("secret.handler", r#"{"token":"hunter2"}"#).unwrap_err();
    assert!(misfit.message.contains("typed job"), "{misfit}");
}

#[test]
fn r12_a_process_keeps_to_its_first_keys() {
    let ring = ring();
    assert_eq!(install_keys(ring), Ok(()));
    let other = KeyRing::parse(&generate_key().unwrap()).unwrap();
    assert!(install_keys(&other).is_err());
}

//! R12, in a binary without keys: a secret is refused rather than stored plain.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

use journeyman_job::prelude::*;
use journeyman_job::{JobSpec, RawJson, Secret, registry, secret};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Pay {
    card: Option<Secret<String>>,
}

#[job]
impl Job for Pay {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

#[test]
fn r12_without_a_key_a_dispatch_fails_with_one_sentence_and_holds_nothing_plain() {
    let told = Dispatch::new(&Pay { card: Some("4111".to_owned().into()) }).unwrap_err().to_string();
    assert!(told.contains("job pay") && told.contains("set security.keys (JOURNEYMAN_KEYS)"), "{told}");
    assert!(!told.contains("4111"), "{told}");

    let data = RawJson::parse(r#"{"card":"4111"}"#.into()).unwrap();
    let job = registry::decode_given("pay", &data).unwrap();
    let told = JobSpec::with_data(job.as_ref(), "pay".into(), data).unwrap_err().to_string();
    assert!(told.contains("security.keys") && !told.contains("4111"), "{told}");
}

#[test]
fn r12_a_job_whose_secret_is_left_out_needs_no_key() {
    assert_eq!(Dispatch::new(&Pay { card: None }).unwrap().spec.data.get(), r#"{"card":null}"#);
}

#[test]
fn r12_a_sealed_secret_is_another_processs_matter() {
    let ring = secret::KeyRing::parse(&secret::generate_key().unwrap()).unwrap();
    let sealed = ring.seal("pay", b"\"4111\"").unwrap();
    let body = format!(r#"{{"type":"pay","data":{{"card":"{sealed}"}}}}"#);
    let misfit = registry::decode("pay", body.as_bytes()).unwrap_err();
    assert!(misfit.is_missing_key && misfit.message.contains("security.keys"), "{misfit:?}");
}

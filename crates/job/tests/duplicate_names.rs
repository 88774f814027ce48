//! R2, in a binary of its own: two types of one name would spoil every other test's registry.

use journeyman_job::prelude::*;
use journeyman_job::registry::{self, RegistryError};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct First {}

#[job(name = "twice")]
impl Job for First {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Second {}

#[job(name = "twice")]
impl Job for Second {
    async fn handle(&self, _ctx: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

#[test]
fn r2_two_types_of_one_name_are_refused_and_both_are_named() {
    let error = registry::check().unwrap_err();
    assert!(matches!(&error, RegistryError::Duplicate { name, .. } if name == "twice"));
    let message = error.to_string();
    assert!(message.contains("First") && message.contains("Second"), "{message}");
    assert!(message.contains("duplicate_names.rs:"), "{message}");
}

//! Job types for these tests.

use journeyman::job::prelude::*;
use journeyman::job::{Priority, RawJson};

/// A payload with something in it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Order {
    customer: String,
    items: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Item {
    #[serde(rename = "a/b~c", default)]
    awkward: u32,
    count: u32,
}

#[job(name = "http_order", queue = "orders", max_tries = 5)]
impl Job for Order {
    async fn handle(&self, _: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

/// Takes anything, and nothing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Anything {
    value: Option<RawJson>,
}

#[job(name = "http_anything")]
impl Job for Anything {
    async fn handle(&self, _: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

/// Says more about itself than most.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Tagged {}

#[job(name = "http_tagged")]
impl Job for Tagged {
    async fn handle(&self, _: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }

    fn priority(&self) -> Option<Priority> {
        Some(Priority::Low)
    }

    fn tags(&self) -> Vec<String> {
        vec!["own".into()]
    }
}

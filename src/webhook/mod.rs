//! The built-in job type `webhook`: posts an outcome to an https URL.
//!
//! A URL comes from whoever may enqueue jobs, and the post leaves from inside the operator's network. So the name is
//! resolved here, every address it has must be a public one, and the connection goes to an address that was looked at,
//! not to the name once more. Redirects are not followed.

mod address;
mod client;
mod resolve;
mod target;
mod trust;

use journeyman_job::RawJson;
use journeyman_job::prelude::*;

pub use client::{Webhooks, WebhooksOptions};
pub use resolve::{Resolve, SystemResolver};
pub use target::Rules;

/// Posts `body` to `url`. A callback with a URL becomes one of these.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Always https, without credentials.
    pub url: String,
    pub body: RawJson,
}

/// What status shows of it.
#[derive(Serialize)]
struct Answered {
    status: u16,
}

// The post has a limit of its own, callbacks.timeout, of at most 300 s.
#[job(name = "webhook", max_tries = 3, timeout = 310)]
impl Job for Webhook {
    async fn handle(&self, ctx: &JobContext) -> JobResult {
        let webhooks = ctx.require::<Webhooks>()?;
        let status = webhooks.post(&self.url, self.body.get(), &ctx.idempotency_key(), ctx.attempt()).await?;
        Outcome::with(Answered { status })
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::exponential())
    }
}

//! All that a job author imports.
//!
//! A job is a struct whose fields are its payload and an implementation of [`Job`]. The `#[job]` attribute on that
//! implementation names the type, registers it and publishes its JSON schema:
//!
//! ```
//! use journeyman_job::prelude::*;
//!
//! /// Sends a notification to one user.
//! #[derive(Debug, Serialize, Deserialize, JsonSchema)]
//! struct SendNotification {
//!     user_id: u64,
//!     message: String,
//! }
//!
//! #[job(queue = "notifications", max_tries = 5, retry_after = 10)]
//! impl Job for SendNotification {
//!     async fn handle(&self, ctx: &JobContext) -> JobResult {
//!         println!("attempt {} for user {}", ctx.attempt(), self.user_id);
//!         Ok(Outcome::done())
//!     }
//! }
//! ```
//!
//! The plain form, `#[typetag::serde(name = "send_notification")] #[async_trait]` on the same `impl`, works too; such a
//! type has no schema and is listed without its documentation.

mod amount;
mod backoff;
mod callback;
mod context;
pub mod credits;
mod decode;
mod dispatch;
mod error;
mod handler;
mod handler_result;
mod ids;
mod integral;
mod job;
mod middleware;
mod options;
mod outcome;
mod priority;
mod queue_name;
mod raw_json;
pub mod registry;
pub mod seconds;
pub mod secret;

pub mod prelude;

pub use amount::{Amount, AmountError};
pub use backoff::{Backoff, RetryConfig, RetryConfigError, Strategy};
pub use callback::{Callback, CallbackError};
pub use context::{AppState, ContextParts, JobContext};
pub use decode::Misfit;
pub use dispatch::{Dispatch, DispatchError, DispatchOptions, Dispatcher, JobSpec, Unique, When};
pub use error::{ErrorKind, JobError};
pub use handler::{Handler, register_handler, set_work_timeout};
pub use handler_result::HandlerResult;
pub use ids::JobId;
pub use integral::Integral;
pub use job::Job;
pub use journeyman_job_macros::job;
pub use middleware::{CircuitBreaker, HandleService, Handling, Middleware};
pub use options::{JobOptions, Lane};
pub use outcome::{JobResult, Outcome};
pub use priority::{Priority, PriorityError};
pub use queue_name::{QueueName, QueueNameError};
pub use raw_json::RawJson;
pub use secret::Secret;

/// What the expansion of `#[job]` names; not for people.
#[doc(hidden)]
pub mod __private {
    pub use async_trait;
    pub use inventory;
    pub use schemars;
    pub use typetag;
}

/// The examples of the pages compile and run.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/from-bullmq.md")]
    struct FromBullmq;
    #[doc = include_str!("../../../docs/from-laravel.md")]
    struct FromLaravel;
    #[doc = include_str!("../../../docs/from-sidekiq.md")]
    struct FromSidekiq;
    #[doc = include_str!("../../../docs/jobs.md")]
    struct WritingJobs;
    #[doc = include_str!("../../../docs/quick-start.md")]
    struct QuickStart;
    #[doc = include_str!("../../../docs/retries.md")]
    struct Retries;
}

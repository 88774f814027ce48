//! `use journeyman_job::prelude::*;` is all that a job's file needs.

pub use crate::{
    Backoff, CircuitBreaker, Dispatch, Handler, Job, JobContext, JobError, JobResult, Lane, Middleware, Outcome,
    Priority, RawJson, Secret, job, register_handler,
};
pub use async_trait::async_trait;
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use std::time::Duration;

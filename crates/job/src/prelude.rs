//! `use journeyman_job::prelude::*;` is all that a job's file needs.

pub use crate::{
    Backoff, Dispatch, Handler, Job, JobContext, JobError, JobResult, Lane, Outcome, Priority, RawJson, job,
    register_handler,
};
pub use async_trait::async_trait;
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use std::time::Duration;

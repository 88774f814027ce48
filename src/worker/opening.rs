//! From a reserved job's stored bytes to a job that can run here.

use std::sync::Arc;

use journeyman_job::{ErrorKind, Job, JobError, JobOptions, registry};

use super::panics::caught_now;
use crate::queue::{Head, ReservedJob, Undecodable, decode};

/// A job that can run.
pub(super) struct Ready {
    pub(super) job: Arc<dyn Job>,
    pub(super) job_type: Arc<str>,
    pub(super) options: JobOptions,
}

/// Why a stored job cannot run here.
pub(super) enum Obstacle {
    /// This process lacks its type or a key to it; another worker may have it.
    Elsewhere {
        job_type: String,
        reason: String,
    },
    Undecodable {
        job_type: String,
        error: JobError,
    },
}

impl Obstacle {
    pub(super) fn job_type(&self) -> &str {
        match self {
            Self::Elsewhere { job_type, .. } | Self::Undecodable { job_type, .. } => job_type,
        }
    }
}

/// What was frozen of a job whose type is known here. None of the job's own code runs.
pub(super) fn opened(reserved: &ReservedJob) -> Result<Head<'_>, Obstacle> {
    let body = Head::read(&reserved.body)
        .map_err(|reason| undecodable("?", format!("the stored job cannot be read: {reason}")))?;
    if !registry::knows(&body.type_name) {
        let job_type = body.type_name.into_owned();
        let reason = Undecodable::UnknownType { name: job_type.clone() }.to_string();
        return Err(Obstacle::Elsewhere { job_type, reason });
    }
    Ok(body)
}

/// The job itself.
pub(super) fn ready(reserved: &ReservedJob) -> Result<Ready, Obstacle> {
    let body = opened(reserved)?;
    let decoded = caught_now(|| decode(&body.type_name, &reserved.body))
        .map_err(|panic| undecodable(&body.type_name, format!("its decoding failed: {panic}")))?;
    let job = decoded.map_err(|error| match error {
        Undecodable::UnknownType { .. } | Undecodable::Payload { is_missing_key: true, .. } => {
            Obstacle::Elsewhere { reason: error.to_string(), job_type: body.type_name.clone().into_owned() }
        }
        Undecodable::Payload { .. } => undecodable(&body.type_name, error.to_string()),
    })?;
    Ok(Ready { job: Arc::from(job), job_type: Arc::from(body.type_name.as_ref()), options: body.options })
}

fn undecodable(job_type: &str, message: String) -> Obstacle {
    Obstacle::Undecodable { job_type: job_type.to_owned(), error: JobError::of(ErrorKind::Undecodable, message) }
}

//! One job by its id, and what is said where there is none.

use journeyman_job::JobId;

use super::ApiState;
use super::code::Code;
use super::error::Problem;
use crate::queue::{Found, JobRecord, State};

pub(super) async fn find(api: &ApiState, id: JobId) -> Result<JobRecord, Problem> {
    match api.manager.store().find(id).await? {
        Found::Here(record) => Ok(*record),
        Found::Expired => Err(expired(id)),
        Found::Nothing => Err(nothing(id)),
    }
}

pub(super) fn expired(id: JobId) -> Problem {
    Problem::new(Code::JobExpired, format!("the record of job {id} has been pruned"))
}

pub(super) fn nothing(id: JobId) -> Problem {
    Problem::new(Code::JobNotFound, format!("no job has the id {id}"))
}

/// A job that is not where it would have to be; `only` says what can be done to which.
pub(super) fn wrong_state(id: JobId, state: State, only: &str) -> Problem {
    Problem::new(Code::WrongState, format!("job {id} is {state}: only {only}"))
}

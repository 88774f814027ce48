//! What is done to one job by hand, and what is said where it cannot be.

use axum::Json;
use journeyman_job::JobId;

use super::Api;
use super::code::Code;
use super::detached::detached;
use super::error::Problem;
use super::lookup;
use super::summary::Moved;
use crate::queue::State;
use crate::queue::operations::{Acted, Action};

/// Does it, and tells that the job is `now` in another state.
pub(super) async fn moved(api: Api, action: Action, id: JobId, now: State) -> Result<Json<Moved>, Problem> {
    done(api, action, id).await?;
    Ok(Json(Moved::to(now, id)))
}

/// Does it.
pub(super) async fn done(api: Api, action: Action, id: JobId) -> Result<(), Problem> {
    let operations = api.operations.clone();
    let acted = detached(async move { operations.act(action, id).await }).await?;
    refusal(action, id, acted).map_or(Ok(()), Err)
}

/// Why it was not done, if it was not.
pub(super) fn refusal(action: Action, id: JobId, acted: Acted) -> Option<Problem> {
    Some(match acted {
        Acted::Done => return None,
        Acted::Not(state) => lookup::wrong_state(id, state, action.rule()),
        Acted::Duplicate(first) => {
            let detail = format!("job {first} does the same work and has not ended; job {id} stays as it is");
            Problem::new(Code::DuplicateJob, detail)
        }
        Acted::Expired => lookup::expired(id),
        Acted::Nothing => lookup::nothing(id),
    })
}

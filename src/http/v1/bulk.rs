//! `/api/v1/bulk`: one thing done to many jobs.

use axum::Json;
use axum::extract::State;
use journeyman_job::JobId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::detached::detached;
use super::super::edge::{Deed, needs};
use super::super::error::{Fault, Problem, ProblemBody};
use super::super::extract::JsonBody;
use super::super::moves::refusal;
use super::super::summary::Cursor;
use super::super::words::ActionWord;
use super::super::{Api, json};
use super::filter::{self, FilterGiven};
use crate::access::Scope;
use crate::queue::operations::{Acted, Action, Filter, Operations, Place, Swept, audit};
use crate::queue::{StoreError, limits};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Operate, routes!(bulk)))
}

/// What to do, and to which jobs: those of `task_ids`, or those that fit `filter`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "retry", "filter": {"state": "failed", "queue_name": "default"}, "dry_run": true}))]
pub(super) struct BulkRequest {
    #[serde(deserialize_with = "filter::word")]
    #[schema(value_type = ActionWord)]
    action: Action,
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = Vec<Uuid>, required = false, min_items = 1, max_items = 1000)]
    task_ids: Option<Vec<JobId>>,
    #[serde(default, deserialize_with = "filter::object_present")]
    #[schema(value_type = FilterGiven, required = false)]
    filter: Option<FilterGiven>,
    /// `next_cursor` of the answer before, with the same filter.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false)]
    cursor: Option<String>,
    /// Whether only to count those that it would be done to.
    #[serde(default)]
    #[schema(required = false, default = false)]
    dry_run: bool,
}

/// What became of the jobs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"matched": 17, "done": 16, "skipped": 1, "examined": 17, "next_cursor": null}))]
struct BulkAnswer {
    /// Jobs that fitted the filter and were in a state for it; or ids that were given.
    matched: u64,
    /// Jobs that it was done to.
    done: u64,
    /// Those that it could not be done to by then. A dry run does nothing and skips nothing.
    skipped: u64,
    /// Records that were looked at.
    examined: u64,
    /// Where to go on; `null` once all were looked at.
    #[schema(value_type = Option<String>, required)]
    next_cursor: Option<Cursor>,
    /// One for each of `task_ids`, in their order; not there for a filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<BulkResult>, required = false)]
    results: Option<Vec<BulkResult>>,
}

/// What became of one job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"task_id": "0198c0de-7a11-7000-8000-00000000c8e5", "outcome": "done"}))]
struct BulkResult {
    #[schema(value_type = Uuid)]
    task_id: JobId,
    /// `done`, or the code of the refusal: `wrong_state`, `duplicate_job`, `job_expired` or `job_not_found`.
    outcome: &'static str,
    /// Why it was not done; not there where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    detail: Option<String>,
}

/// Retries, cancels or deletes many jobs, each for itself.
///
/// By ids, at most 1 000; or by a filter, which names a state that the action is for. One request looks at 1 000 records at
/// most: while `next_cursor` is set, ask again with it. A job that has moved on by its turn is left alone and counted as
/// skipped. An answer that was lost can be asked for again without harm.
#[utoipa::path(
    post,
    path = "/api/v1/bulk",
    operation_id = "v1Bulk",
    tag = "jobs",
    request_body = BulkRequest,
    responses(
        (status = 200, description = "Tried; the numbers tell.", body = BulkAnswer),
        (status = 400, description = "Not JSON, or nested too deep.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 408, description = "The body took too long.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not called JSON.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Neither ids nor a filter, an action that is not for the filter's state, or not valid.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn bulk(
    State(api): State<Api>,
    deed: Deed,
    JsonBody(request): JsonBody<BulkRequest>,
) -> Result<Json<BulkAnswer>, Problem> {
    let operations = api.operations.clone();
    let wanted = request.checked().map_err(|fault| Problem::invalid(vec![fault]))?;
    deed.is_on(wanted.in_words());
    let answer = match wanted {
        Wanted::These(action, ids) => detached(each(operations, action, ids)).await?,
        Wanted::Fitting { action, filter, start, is_dry } => {
            if is_dry {
                deed.is_none();
            }
            let swept = detached(async move { operations.sweep(action, &filter, start, is_dry).await }).await?;
            BulkAnswer::of(swept, is_dry)
        }
    };
    deed.came_to(format!("{} done of {}", answer.done, answer.matched));
    Ok(Json(answer))
}

enum Wanted {
    These(Action, Vec<JobId>),
    Fitting { action: Action, filter: Box<Filter>, start: Option<Place>, is_dry: bool },
}

impl Wanted {
    fn in_words(&self) -> String {
        match self {
            Self::These(action, ids) => format!("{}: {}", action.as_str(), audit::named(ids)),
            Self::Fitting { action, filter, .. } => format!("{}: jobs with {}", action.as_str(), filter.in_words()),
        }
    }
}

impl BulkRequest {
    fn checked(self) -> Result<Wanted, Fault> {
        let Self { action, task_ids, filter, cursor, dry_run } = self;
        match (task_ids, filter) {
            (Some(_), None) if cursor.is_some() => Err(Fault::new("/cursor", "goes with a filter")),
            (Some(_), None) if dry_run => Err(Fault::new("/dry_run", "goes with a filter")),
            (Some(ids), None) if ids.is_empty() || ids.len() > limits::BULK => {
                Err(Fault::new("/task_ids", format!("holds {} ids: give 1 to {}", ids.len(), limits::BULK)))
            }
            (Some(ids), None) => Ok(Wanted::These(action, ids)),
            (None, Some(filter)) => {
                let filter = Box::new(filter.read(action)?);
                let start = cursor.map(|text| text.parse()).transpose();
                let start = start.map_err(|error| Fault::new("/cursor", format!("{error}")))?;
                Ok(Wanted::Fitting { action, filter, start, is_dry: dry_run })
            }
            (None, None) => Err(Fault::new("", "names no jobs: give task_ids or a filter")),
            (Some(_), Some(_)) => Err(Fault::new("", "give only one of task_ids and filter")),
        }
    }
}

/// A store that fails for one fails the answer. Asking again is harmless: what is done already is only counted otherwise.
async fn each(operations: Operations, action: Action, ids: Vec<JobId>) -> Result<BulkAnswer, StoreError> {
    let acted = operations.act_on_each(action, &ids).await.into_iter().collect::<Result<Vec<Acted>, _>>()?;
    let (matched, done) = (ids.len() as u64, acted.iter().filter(|acted| **acted == Acted::Done).count() as u64);
    let results = ids.into_iter().zip(acted).map(|(task_id, acted)| match refusal(action, task_id, acted) {
        None => BulkResult { task_id, outcome: "done", detail: None },
        Some(problem) => {
            BulkResult { task_id, outcome: problem.code.as_str(), detail: Some(problem.detail().to_owned()) }
        }
    });
    let results = Some(results.collect());
    Ok(BulkAnswer { matched, done, skipped: matched - done, examined: matched, next_cursor: None, results })
}

impl BulkAnswer {
    fn of(swept: Swept, is_dry: bool) -> Self {
        let Swept { matched, done, examined, next } = swept;
        let skipped = if is_dry { 0 } else { matched - done };
        Self { matched, done, skipped, examined, next_cursor: Cursor::of(next), results: None }
    }
}

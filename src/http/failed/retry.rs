//! Putting failed jobs back: one by its address, or many.

use axum::Json;
use axum::extract::State;
use journeyman_job::{JobId, QueueName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::detached::detached;
use super::super::edge::{Deed, needs};
use super::super::error::{Fault, Problem, ProblemBody};
use super::super::extract::{JsonBody, PathOf};
use super::super::json;
use super::super::moves::moved;
use super::super::summary::{Cursor, Moved};
use crate::access::Scope;
use crate::queue::operations::{Acted, Action, Operations, Place, RetriedMany, audit};
use crate::queue::{self, StoreError, limits};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(needs(Scope::Operate, routes!(retry_one)))
        .routes(needs(Scope::Operate, routes!(retry_many)))
}

/// Puts a failed or cancelled job to the back of its queue, with all its tries before it.
#[utoipa::path(
    post,
    path = "/api/queue/failed/{task_id}/retry",
    operation_id = "retryFailedJob",
    tag = "failed",
    params(("task_id" = Uuid, Path, description = "The failed job.",
        example = "0198c0de-7a11-7000-8000-00000000c8e5")),
    responses(
        (status = 200, description = "It will run again.", body = Moved),
        (status = 404, description = "There is no such job.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "It has neither failed nor been cancelled, or another job does the same work by \
            now; `detail` says which.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "There was such a job; its record has been pruned.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "Not a UUID.", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
async fn retry_one(State(api): State<Api>, PathOf(id): PathOf<JobId>) -> Result<Json<Moved>, Problem> {
    moved(api, Action::Retry, id, queue::State::Pending).await
}

/// Which failed jobs to put back: exactly one of `ids`, `queue_name` and `all`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"queue_name": "default"}))]
pub struct RetryRequest {
    /// These; cancelled ones too.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = Vec<Uuid>, required = false, min_items = 1, max_items = 1000)]
    ids: Option<Vec<JobId>>,
    /// All of this queue.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false, pattern = "^[A-Za-z0-9._-]{1,255}$")]
    queue_name: Option<QueueName>,
    /// All of every queue; `true` is all it can be by itself.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = bool, required = false)]
    all: Option<bool>,
    /// `next_cursor` of the answer before.
    #[serde(default, deserialize_with = "json::present")]
    #[schema(value_type = String, required = false)]
    cursor: Option<String>,
}

/// What became of the jobs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"retried": 3, "duplicates": 1, "gone": 0, "next_cursor": null, "results": []}))]
struct RetryAnswer {
    /// Back in their queues.
    retried: u64,
    /// Left as they are: another job does the same work and has not ended.
    duplicates: u64,
    /// Not there, or in a state from which nothing is retried.
    gone: u64,
    /// `null` once all were tried; else ask again with it as `cursor`.
    #[schema(value_type = Option<String>, required)]
    next_cursor: Option<Cursor>,
    /// One for each of `ids`, in their order; empty for the other forms.
    results: Vec<RetryResult>,
}

/// What became of one job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"task_id": "0198c0de-7a11-7000-8000-00000000c8e5", "outcome": "retried"}))]
struct RetryResult {
    #[schema(value_type = Uuid)]
    task_id: JobId,
    /// `retried`, `duplicate`, `expired`, `not_found`, or the state that it is in and cannot be retried from.
    outcome: &'static str,
}

/// Puts failed jobs back to their queues: some, those of a queue, or all.
///
/// One request tries 10 000 at most. A job that fails anew meanwhile is not taken twice.
#[utoipa::path(
    post,
    path = "/api/queue/failed/retry",
    operation_id = "retryFailedJobs",
    tag = "failed",
    request_body = RetryRequest,
    responses(
        (status = 200, description = "Tried; the numbers tell.", body = RetryAnswer),
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
        (status = 422, description = "Not exactly one of the three, or not valid.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn retry_many(
    State(api): State<Api>,
    deed: Deed,
    JsonBody(request): JsonBody<RetryRequest>,
) -> Result<Json<RetryAnswer>, Problem> {
    let operations = api.operations.clone();
    let wanted = request.checked().map_err(|fault| Problem::invalid(vec![fault]))?;
    deed.is_on(wanted.in_words());
    let answer = match wanted {
        Wanted::These(ids) => detached(retry_these(operations, ids)).await?,
        Wanted::AllOf(queue, start) => {
            let many = detached(async move { operations.retry_failed(queue.as_ref(), start).await }).await?;
            RetryAnswer::of(many, Vec::new())
        }
    };
    deed.came_to(format!("retried {}, duplicates {}, gone {}", answer.retried, answer.duplicates, answer.gone));
    Ok(Json(answer))
}

enum Wanted {
    These(Vec<JobId>),
    AllOf(Option<QueueName>, Option<Place>),
}

impl Wanted {
    fn in_words(&self) -> String {
        match self {
            Self::These(ids) => audit::named(ids),
            Self::AllOf(Some(queue), _) => queue.to_string(),
            Self::AllOf(None, _) => "every queue".to_owned(),
        }
    }
}

impl RetryRequest {
    fn checked(self) -> Result<Wanted, Fault> {
        let refuse = |pointer: &str, detail: String| Err(Fault::new(pointer, detail));
        let cursor = self.cursor.map(|text| text.parse().map_err(|error| format!("{error}"))).transpose();
        let start: Option<Place> = match cursor {
            Ok(start) => start,
            Err(detail) => return refuse("/cursor", detail),
        };
        // Beside another choice, false says no more than that it is not all.
        let all = self.all.filter(|all| *all || self.ids.is_none() && self.queue_name.is_none());
        match (self.ids, self.queue_name, all) {
            (Some(_), None, None) if start.is_some() => refuse("/cursor", "goes with queue_name or all".to_owned()),
            (Some(ids), None, None) if ids.is_empty() || ids.len() > limits::BULK => {
                refuse("/ids", format!("holds {} ids: give 1 to {}", ids.len(), limits::BULK))
            }
            (Some(ids), None, None) => Ok(Wanted::These(ids)),
            (None, Some(queue), None) => Ok(Wanted::AllOf(Some(queue), start)),
            (None, None, Some(true)) => Ok(Wanted::AllOf(None, start)),
            (None, None, Some(false)) => refuse("/all", "is false: leave it out, and name ids or a queue".to_owned()),
            (None, None, None) => refuse("", "names no jobs: give ids, queue_name or all".to_owned()),
            _ => refuse("", "give only one of ids, queue_name and all".to_owned()),
        }
    }
}

/// A store that fails for one fails the answer. Asking again is harmless: what is back already is only counted otherwise.
async fn retry_these(operations: Operations, ids: Vec<JobId>) -> Result<RetryAnswer, StoreError> {
    let outcomes: Vec<Acted> =
        operations.act_on_each(Action::Retry, &ids).await.into_iter().collect::<Result<_, _>>()?;
    let mut many = RetriedMany::default();
    outcomes.iter().for_each(|outcome| many.count(*outcome));
    let results =
        ids.into_iter().zip(outcomes).map(|(task_id, outcome)| RetryResult { task_id, outcome: word(outcome) });
    Ok(RetryAnswer::of(many, results.collect()))
}

fn word(outcome: Acted) -> &'static str {
    match outcome {
        Acted::Done => "retried",
        Acted::Not(state) => state.as_str(),
        Acted::Duplicate(_) => "duplicate",
        Acted::Expired => "expired",
        Acted::Nothing => "not_found",
    }
}

impl RetryAnswer {
    fn of(many: RetriedMany, results: Vec<RetryResult>) -> Self {
        let RetriedMany { retried, duplicates, gone, next } = many;
        Self { retried, duplicates, gone, next_cursor: Cursor::of(next), results }
    }
}

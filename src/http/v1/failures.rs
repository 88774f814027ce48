//! `/api/v1/failures`: failed jobs by what they failed of.

use axum::Json;
use axum::extract::State;
use journeyman_job::{JobId, QueueName};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::needs;
use super::super::error::{Problem, ProblemBody};
use super::super::query::Params;
use super::super::summary::Cursor;
use crate::access::Scope;
use crate::queue::operations::{FailureGroup, Failures, Place};

/// Characters of a group's message that are shown; its sample has all of it.
const SHOWN: usize = 1000;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(list)))
}

/// Failed jobs by what they failed of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "groups": [{
        "fingerprint": "9a2b7c01d2e3f4a5",
        "task_type": "send_notification",
        "kind": "timeout",
        "message": "ran longer than 30 s",
        "count": 17,
        "first_seen": "2026-02-02T02:40:00.120000Z",
        "last_seen": "2026-02-02T04:11:00.120000Z",
        "queues": ["default"],
        "sample": "0198c0de-7a11-7000-8000-00000000c8e5"
    }],
    "examined": 17,
    "total": 17,
    "next_cursor": null
}))]
pub struct FailuresPage {
    /// The largest first. A group can go on on the next page: add up what has the same `fingerprint`.
    groups: Vec<Group>,
    /// Failed jobs that were looked at for it.
    examined: u64,
    /// How many there are in all.
    total: u64,
    /// Where to go on; `null` once all were looked at.
    #[schema(value_type = Option<String>, required)]
    next_cursor: Option<Cursor>,
}

/// Failed jobs that one cause has ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailureGroup)]
struct Group {
    /// Of type, kind and message, but for numbers, ids and what stands in quotation marks. The same everywhere and always.
    fingerprint: String,
    /// Empty where the stored record cannot be read.
    task_type: String,
    /// Empty where none was recorded.
    kind: &'static str,
    /// That of the one that ended last; 1 000 characters of it.
    message: String,
    count: u64,
    #[schema(format = DateTime)]
    first_seen: String,
    #[schema(format = DateTime)]
    last_seen: String,
    #[schema(value_type = Vec<String>)]
    queues: Vec<QueueName>,
    /// The one that ended last.
    #[schema(value_type = Uuid)]
    sample: JobId,
}

/// Groups failed jobs by what they failed of.
///
/// One request looks at 1 000 failed jobs at most: queue by queue, in each the latest end first. While `next_cursor` is set,
/// ask again with it.
#[utoipa::path(
    get,
    path = "/api/v1/failures",
    operation_id = "v1ListFailures",
    tag = "failed",
    params(
        ("queue_name" = Option<String>, Query, description = "Only of this queue.",
            pattern = "^[A-Za-z0-9._-]{1,255}$"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "The groups.", body = FailuresPage),
        (status = 404, description = "There is no such queue.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 422, description = "A parameter is not valid.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn list(State(api): State<Api>, mut params: Params) -> Result<Json<FailuresPage>, Problem> {
    let queue: Option<QueueName> = params.take("queue_name")?;
    let start: Option<Place> = params.take("cursor")?;
    params.done()?;
    Ok(Json(api.operations.failures(queue, start).await?.into()))
}

impl From<Failures> for FailuresPage {
    fn from(Failures { groups, examined, total, next }: Failures) -> Self {
        Self { groups: groups.into_iter().map(Group::from).collect(), examined, total, next_cursor: Cursor::of(next) }
    }
}

impl From<FailureGroup> for Group {
    fn from(group: FailureGroup) -> Self {
        Self {
            fingerprint: group.fingerprint,
            task_type: group.task_type,
            kind: group.kind,
            message: group.message.chars().take(SHOWN).collect(),
            count: group.count,
            first_seen: group.first_seen.to_rfc3339(),
            last_seen: group.last_seen.to_rfc3339(),
            queues: group.queues.into_iter().collect(),
            sample: group.sample,
        }
    }
}

//! `/api/v1/audit`: who has done what by hand.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::needs;
use super::super::error::{Problem, ProblemBody};
use super::super::query::{PageSize, Params};
use crate::access::Scope;
use crate::queue::operations::{self, AuditPlace, Audited, Deed};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(list)))
}

/// What operators have done, the latest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "rows": [{
        "at": "2026-02-02T02:40:00.000001Z",
        "actor": "ann",
        "action": "v1PurgeQueue",
        "target": "default",
        "outcome": "purged 120",
        "request_id": "0198c0de-7a11-7000-8000-000000000001"
    }],
    "next_cursor": null
}))]
struct Audit {
    rows: Vec<AuditRow>,
    /// Where to go on; `null` at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// What somebody did, or tried to. All but `at` holds what others have sent: show it as text.
#[derive(Debug, Serialize, ToSchema)]
struct AuditRow {
    /// When it was answered, by the store's clock.
    #[schema(format = DateTime)]
    at: String,
    /// The name of the key; without keys, the address that asked; `cli:USER@HOST` of the command line; `null` if unknown.
    #[schema(required)]
    actor: Option<String>,
    /// The `operationId` of what was asked for, or the command.
    action: String,
    /// A job, a queue, a worker, or which and how many; never what a job holds. `null` where there is no such thing.
    #[schema(required)]
    target: Option<String>,
    /// `done`, what it came to, or the refusal's code and status, such as `wrong_state (409)`.
    outcome: String,
    /// The `x-request-id` of the answer; `null` of the command line.
    #[schema(required)]
    request_id: Option<String>,
}

impl From<operations::AuditRow> for AuditRow {
    fn from(operations::AuditRow { at, deed }: operations::AuditRow) -> Self {
        let Deed { actor, action, target, outcome, request_id } = deed;
        Self { at: at.to_rfc3339(), actor, action, target, outcome, request_id }
    }
}

/// Lists what operators have done by hand, through this API or the command line, the latest first.
///
/// Every request that needs the scope `operate` and has it leaves a row, also one that is refused then; dry runs leave none.
/// Rows are kept for `audit.retention`.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    operation_id = "v1ListAudit",
    tag = "server",
    params(
        ("limit" = Option<usize>, Query, description = "Rows on the page, 1 to 1 000; 100 by default.",
            minimum = 1, maximum = 1000),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "The rows.", body = Audit),
        (status = 422, description = "A parameter is not valid.", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
async fn list(State(api): State<Api>, mut params: Params) -> Result<Json<Audit>, Problem> {
    let PageSize(limit): PageSize<100, 1000> = params.take("limit")?.unwrap_or_default();
    let start: Option<AuditPlace> = params.take("cursor")?;
    params.done()?;
    let Audited { rows, next } = api.operations.audit(start, limit).await?;
    let rows = rows.into_iter().map(AuditRow::from).collect();
    Ok(Json(Audit { rows, next_cursor: next.map(|next| next.to_string()) }))
}

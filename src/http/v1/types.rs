//! `/api/v1/types`: the job types that the server's binary knows.

use axum::Json;
use axum::extract::State;
use journeyman_job::registry;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::needs;
use super::super::enqueue::is_taken;
use super::super::offer::Offer;
use crate::access::Scope;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs(Scope::Read, routes!(list)))
}

/// The job types that the server's binary knows, by name.
#[derive(Debug, Serialize, ToSchema)]
struct Types {
    types: Vec<TypeView>,
}

/// A job type.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobType, example = json!({
    "task_type": "send_notification",
    "description": "Sends a message to a user.",
    "rust_type": "jobs::send_notification::SendNotification",
    "source": "jobs/src/send_notification.rs:7",
    "schema": {"type": "object", "required": ["user_id"], "properties": {"user_id": {"type": "integer"}}},
    "offered": true
}))]
struct TypeView {
    task_type: &'static str,
    #[schema(required)]
    description: Option<String>,
    /// `null`, as are `source` and `schema`, of a type that is not documented.
    #[schema(required)]
    rust_type: Option<&'static str>,
    /// File and line.
    #[schema(required)]
    source: Option<&'static str>,
    /// JSON schema of the payload.
    #[schema(value_type = serde_json::Value, required)]
    schema: Option<Value>,
    /// Whether this server lets callers enqueue it.
    offered: bool,
}

/// Lists the job types that the server's binary knows, with the schemas of their payloads.
#[utoipa::path(
    get,
    path = "/api/v1/types",
    operation_id = "v1ListTypes",
    tag = "server",
    responses((status = 200, description = "The types.", body = Types))
)]
async fn list(State(api): State<Api>) -> Json<Types> {
    let offer = Offer::of(&api);
    Json(Types { types: registry::names().into_iter().map(|name| TypeView::of(name, offer)).collect() })
}

impl TypeView {
    fn of(task_type: &'static str, offer: Offer) -> Self {
        let known = registry::find(task_type);
        let schema = known.map(|known| (known.schema)().to_value());
        Self {
            task_type,
            description: schema.as_ref().and_then(|schema| schema["description"].as_str()).map(str::to_owned),
            rust_type: known.map(|known| known.rust_type),
            source: known.map(|known| known.source),
            schema,
            offered: is_taken(task_type, offer).is_ok(),
        }
    }
}

//! `/api/v1/me`: who asks, and what they may.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::Api;
use super::super::edge::{Asker, needs_key};
use super::super::words::ScopeWord;
use crate::access::Scope;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(needs_key(routes!(me)))
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"keys": true, "name": "dashboard", "scopes": ["enqueue", "read"]}))]
struct Me {
    /// Whether the server has API keys; without any, everything is allowed to whoever reaches it.
    keys: bool,
    /// Of the key.
    #[schema(required)]
    name: Option<String>,
    /// All that may be done; those that `admin` implies are among them.
    #[schema(value_type = Vec<ScopeWord>)]
    scopes: Vec<&'static str>,
}

/// Tells who asks, and what they may: any key will do.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "v1GetMe",
    tag = "server",
    responses((status = 200, description = "Who asks.", body = Me))
)]
async fn me(asker: Asker) -> Json<Me> {
    let allowed = |scope: &Scope| asker.scopes.is_none_or(|scopes| scopes.allow(*scope));
    let scopes = Scope::ALL.into_iter().filter(allowed).map(Scope::as_str).collect();
    Json(Me { keys: asker.scopes.is_some(), name: asker.name, scopes })
}

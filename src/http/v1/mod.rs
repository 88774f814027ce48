//! `/api/v1`: all that a page or a program needs to look after the queues. One file per resource.
//!
//! What it shares with `/api/queue/…` means the same in both.

mod actions;
mod edit;
mod explain;
mod filter;
mod jobs;
mod workers;

use utoipa_axum::router::OpenApiRouter;

use super::Api;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(jobs::router())
        .merge(actions::router())
        .merge(explain::router())
        .merge(workers::router())
}

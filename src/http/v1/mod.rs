//! `/api/v1`: all that a page or a program needs to look after the queues. One file per resource.
//!
//! What it shares with `/api/queue/…` means the same in both.

mod actions;
mod audit;
mod bulk;
mod edit;
mod events;
mod explain;
mod failures;
mod filter;
mod health;
mod history;
mod jobs;
mod me;
mod numbers;
mod overview;
mod queues;
mod types;
mod workers;

use utoipa_axum::router::OpenApiRouter;

pub use failures::FailuresPage;
pub use queues::Queues;
pub use workers::{Worker, Workers};

use super::Api;
use super::health::Readiness;

pub(super) fn router(readiness: &Readiness) -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(me::router())
        .merge(overview::router(readiness))
        .merge(events::router(readiness))
        .merge(queues::router())
        .merge(jobs::router())
        .merge(actions::router())
        .merge(explain::router())
        .merge(bulk::router())
        .merge(failures::router())
        .merge(types::router())
        .merge(workers::router())
        .merge(health::router(readiness))
        .merge(history::router())
        .merge(audit::router())
}

//! What surrounds a job's code, outermost first: trace, timeout, lane, panic guard. One file each.

mod catch_panic;
mod lane;
mod timeout;
mod trace;

use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;

use super::attempt::{AttemptService, RunJob};
use super::lanes::BlockingPool;

/// Builds the pipe that every attempt goes through.
pub(super) fn stack(pool: BlockingPool) -> AttemptService {
    let service = ServiceBuilder::new()
        .layer_fn(trace::Trace)
        .layer_fn(move |inner| lane::InLane::new(inner, pool.clone()))
        .layer_fn(catch_panic::CatchPanic)
        .service(RunJob);
    BoxCloneSyncService::new(service)
}

//! What surrounds a job's code, outermost first: trace, lane with its time limit, panic guard. One file each.

mod around;
mod catch_panic;
mod lane;
mod timeout;
mod trace;

use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;

use super::attempt::{AttemptService, RunJob};
use super::lanes::BlockingPool;
use around::Around;

/// Builds the pipe that every attempt goes through.
pub(super) fn stack(pool: BlockingPool) -> AttemptService {
    let service = ServiceBuilder::new()
        .layer_fn(|inner| Around::new(inner, trace::trace))
        .layer_fn(move |inner| {
            let pool = pool.clone();
            Around::new(inner, move |inner: &mut _, attempt| lane::in_lane(&pool, inner, attempt))
        })
        .layer_fn(|inner| Around::new(inner, catch_panic::catch_panic))
        .service(RunJob);
    BoxCloneSyncService::new(service)
}

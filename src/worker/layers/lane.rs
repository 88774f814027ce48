//! Puts an attempt on its lane and limits its time there.

use journeyman_job::Lane;

use super::around::Inner;
use super::timeout::within;
use crate::worker::attempt::{Attempt, AttemptFuture, Phase};
use crate::worker::lanes::BlockingPool;

pub(super) fn in_lane(pool: &BlockingPool, inner: &mut impl Inner, attempt: Attempt) -> AttemptFuture {
    let (lane, timeout) = (attempt.lane, attempt.timeout);
    let cancellation = attempt.context.cancellation().clone();
    let phase = attempt.phase.clone();
    let running = inner.call(attempt);
    match lane {
        Lane::Async => Box::pin(within(timeout, cancellation, running)),
        Lane::Blocking => {
            let pool = pool.clone();
            Box::pin(async move {
                // A thread first: the time limit is for the job, not for the queue before the pool.
                let thread = match phase {
                    Phase::Handle => pool.thread().await?,
                    // A job that failed because there was no thread must still hear of it.
                    Phase::Failed(_) => pool.extra_thread(),
                };
                let threaded = async move { thread.run(running).await? };
                within(timeout, cancellation, threaded).await
            })
        }
    }
}

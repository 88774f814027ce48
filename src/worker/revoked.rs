//! What takes a running attempt away from this worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// Fires when the attempt's result will not count any more. One allocation and one token: every job has one, and hardly any
/// needs it.
#[derive(Debug, Clone, Default)]
pub(super) struct Revoked(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    fired: CancellationToken,
    is_lost: AtomicBool,
    is_over: AtomicBool,
}

impl Revoked {
    /// The store says that the job belongs to another.
    pub(super) fn lose(&self) {
        self.0.is_lost.store(true, Ordering::Relaxed);
        self.0.fired.cancel();
    }

    /// The worker is stopping and gives the job back.
    pub(super) fn give_back(&self) {
        self.0.fired.cancel();
    }

    pub(super) fn has_fired(&self) -> bool {
        self.0.fired.is_cancelled()
    }

    /// Once it has fired: whether the job is another's, and not given back.
    pub(super) fn is_lost(&self) -> bool {
        self.0.is_lost.load(Ordering::Relaxed)
    }

    /// Ends when it fires.
    pub(super) fn fired(&self) -> impl Future<Output = ()> {
        self.0.fired.cancelled()
    }

    /// For the job's own code, which can be told to stop for other reasons too.
    pub(super) fn child_token(&self) -> CancellationToken {
        self.0.fired.child_token()
    }

    /// The attempt has ended and is being settled: whoever has the job now, there is nothing left to cancel.
    pub(super) fn over(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn losing_a_job_tells_its_code_and_outweighs_giving_it_back() {
        let revoked = Revoked::default();
        let token = revoked.child_token();
        assert!(!revoked.has_fired() && !token.is_cancelled());
        revoked.give_back();
        assert!(revoked.has_fired() && !revoked.is_lost() && token.is_cancelled());
        revoked.lose();
        revoked.fired().await;
        assert!(revoked.is_lost());
    }

    #[test]
    fn code_that_is_told_to_stop_takes_nothing_away() {
        let revoked = Revoked::default();
        revoked.child_token().cancel();
        assert!(!revoked.has_fired());
    }
}

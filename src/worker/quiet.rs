//! Whether the worker takes jobs.

use tokio::sync::watch;

/// A worker that is quiet takes none, and finishes what it runs. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Quiet(watch::Sender<bool>);

impl Quiet {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Whether that is something new.
    pub(super) fn set(&self, is_quiet: bool) -> bool {
        self.0.send_if_modified(|present| std::mem::replace(present, is_quiet) != is_quiet)
    }

    pub(super) fn is_on(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once it takes jobs.
    pub(super) async fn over(&self) {
        // It fails only when the last sender has gone, and this is one.
        let _ = self.0.subscribe().wait_for(|is_quiet| !is_quiet).await;
    }

    /// Hears of changes from now on.
    pub(super) fn changes(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

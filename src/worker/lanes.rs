//! Where attempts run: on the async threads, or in the bounded pool for code that blocks.

use std::future::Future;
use std::sync::Arc;

use journeyman_job::{ErrorKind, JobError};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The pool of the blocking lane: so many threads and no more, however many jobs there are.
#[derive(Debug, Clone)]
pub struct BlockingPool {
    threads: Arc<Semaphore>,
    size: usize,
}

impl BlockingPool {
    pub fn new(size: usize) -> Self {
        Self { threads: Arc::new(Semaphore::new(size)), size }
    }

    /// Share of the threads in use, per cent.
    pub fn utilization(&self) -> f64 {
        let busy = self.size.saturating_sub(self.threads.available_permits());
        if self.size == 0 { 0.0 } else { busy as f64 / self.size as f64 * 100.0 }
    }

    /// Waits for a thread. Waiting is not part of the attempt's time.
    pub(super) async fn thread(&self) -> Result<Thread, JobError> {
        let closed = |_| JobError::of(ErrorKind::WorkerLost, "the blocking pool is closed");
        Arc::clone(&self.threads).acquire_owned().await.map(Thread).map_err(closed)
    }
}

/// A thread of the pool, taken.
#[derive(Debug)]
pub(super) struct Thread(OwnedSemaphorePermit);

impl Thread {
    /// Runs `future` there to its end. The thread is free again only when it really ends, even if the caller has long
    /// stopped waiting: code that blocks cannot be cut off.
    pub(super) async fn run<F>(self, future: F) -> Result<F::Output, JobError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = Handle::current();
        let running = tokio::task::spawn_blocking(move || {
            let output = runtime.block_on(future);
            drop(self.0);
            output
        });
        running.await.map_err(|error| JobError::of(ErrorKind::Panic, error))
    }
}

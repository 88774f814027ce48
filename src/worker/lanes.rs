//! Where attempts run: on the async threads, or in the bounded pool for code that blocks.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

use journeyman_job::{ErrorKind, JobError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::{info, warn};

/// How long the pool stays full before a job that waits for it is requeued.
const FULL_AFTER: Duration = Duration::from_millis(100);

/// The pool of the blocking lane: so many threads and no more, however many jobs there are.
///
/// Code that blocks cannot be cut off. A thread whose job has run past its time limit is a *stray* from then on: another
/// one takes its place in the pool, and it ends whenever its code does. There are at most as many strays as the pool has
/// places; beyond that a thread keeps its place, and the pool shrinks.
#[derive(Debug, Clone)]
pub struct BlockingPool {
    places: Arc<Semaphore>,
    size: usize,
    strays: Arc<AtomicUsize>,
}

impl BlockingPool {
    pub fn new(size: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(size)), size, strays: Arc::default() }
    }

    /// Share of the places in use, per cent.
    pub fn utilization(&self) -> f64 {
        let busy = self.size.saturating_sub(self.places.available_permits());
        if self.size == 0 { 0.0 } else { busy as f64 / self.size as f64 * 100.0 }
    }

    /// Threads whose jobs run on past their time limit, or past the loss of their lease.
    pub fn strays(&self) -> usize {
        self.strays.load(Ordering::Relaxed)
    }

    /// Waits for a place, for a short while only. Waiting is not part of the attempt's time.
    pub(super) async fn thread(&self) -> Result<Thread, JobError> {
        match timeout(FULL_AFTER, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(self.with(Some(place))),
            Ok(Err(_)) => Err(JobError::of(ErrorKind::WorkerLost, "the blocking pool is closed")),
            Err(_) => {
                let message =
                    format!("none of the {} threads was free within {} ms", self.size, FULL_AFTER.as_millis());
                Err(JobError::of(ErrorKind::PoolExhausted, message))
            }
        }
    }

    /// A thread beside the pool, for what cannot wait for a place; as many as the worker has slots at the most.
    pub(super) fn extra_thread(&self) -> Thread {
        self.with(None)
    }

    fn with(&self, place: Option<OwnedSemaphorePermit>) -> Thread {
        Thread { held: Arc::new(Mutex::new(Held::Running(place))), pool: self.clone() }
    }

    /// Takes a further stray on, if there is room for one.
    fn take_stray(&self) -> bool {
        let more = |strays| (strays < self.size).then_some(strays + 1);
        self.strays.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

/// A thread of the pool, taken.
#[derive(Debug)]
pub(super) struct Thread {
    held: Arc<Mutex<Held>>,
    pool: BlockingPool,
}

/// What a thread holds of the pool.
#[derive(Debug)]
enum Held {
    Running(Option<OwnedSemaphorePermit>),
    /// Nobody waits for it any more. `counted` if its place has passed to another thread.
    Abandoned {
        counted: bool,
    },
    Ended,
}

impl Thread {
    /// Runs `future` there to its end. If the caller stops waiting before that, the thread becomes a stray.
    pub(super) async fn run<F>(self, future: F) -> Result<F::Output, JobError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let leave = Leave { held: Arc::clone(&self.held), pool: self.pool.clone() };
        let running = tokio::task::spawn_blocking(move || {
            let leave = leave;
            // Given up before it had begun: then it need not begin.
            if leave.is_abandoned() {
                return None;
            }
            Some(drive(future))
        });
        let abandon = Abandon(self);
        let output = running.await;
        drop(abandon);
        let not_run = || JobError::of(ErrorKind::WorkerLost, "the thread ended before it ran the job");
        output.map_err(|error| JobError::of(ErrorKind::Panic, error))?.ok_or_else(not_run)
    }
}

/// Drives a future on this thread, which parks while it waits. Not by the runtime's `block_on`: within that, code that
/// blocks may neither use nor drop a runtime of its own, as blocking clients of databases and of HTTP do. Timers and
/// sockets are those of the runtime that the thread belongs to.
fn drive<F: Future>(future: F) -> F::Output {
    let woken = Arc::new(Woken { thread: std::thread::current(), flag: AtomicBool::new(false) });
    let waker = Arc::clone(&woken).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        // The flag, because the code within may park this thread too and so swallow an unpark.
        while !woken.flag.swap(false, Ordering::Acquire) {
            std::thread::park();
        }
    }
}

struct Woken {
    thread: std::thread::Thread,
    flag: AtomicBool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.flag.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

fn replace(held: &Mutex<Held>, change: impl FnOnce(Held) -> Held) {
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    let before = std::mem::replace(&mut *held, Held::Ended);
    *held = change(before);
}

/// On the side of the thread: leaves the pool when the code there ends, however it does.
struct Leave {
    held: Arc<Mutex<Held>>,
    pool: BlockingPool,
}

impl Leave {
    fn is_abandoned(&self) -> bool {
        matches!(*self.held.lock().unwrap_or_else(PoisonError::into_inner), Held::Abandoned { .. })
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        replace(&self.held, |held| {
            if let Held::Abandoned { counted: true } = held {
                let strays = self.pool.strays.fetch_sub(1, Ordering::Relaxed) - 1;
                info!(strays, "a blocking job that had run past its time has ended; its result goes nowhere");
            }
            Held::Ended
        });
    }
}

/// On the side of whoever waits: gives the thread up when the waiting ends first.
struct Abandon(Thread);

impl Drop for Abandon {
    fn drop(&mut self) {
        let pool = &self.0.pool;
        replace(&self.0.held, |held| match held {
            Held::Running(place) if pool.take_stray() => {
                // Its place is free for another thread from here on.
                drop(place);
                warn!(
                    strays = pool.strays(),
                    most = pool.size,
                    "a blocking job runs on past its time; another thread takes its place"
                );
                Held::Abandoned { counted: true }
            }
            Held::Running(place) => {
                warn!(strays = pool.strays(), "too many blocking jobs run on past their time: the pool shrinks by one");
                Held::Running(place)
            }
            other => other,
        });
    }
}

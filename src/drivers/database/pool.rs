//! The connections that wait for their next use.
//!
//! Not sqlx's pool: it takes back a connection whose user was cancelled in the middle of a transaction, and asks every
//! one whether it is alive each time. Here a connection comes back only when its user says that it is clean; whatever
//! else happens to it closes it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::fault::Fault;
use super::link::{Connector, Link};
use crate::clock::Stopwatch;

/// Longest that a connection waits for its next use. What is on the way, or the server, may have let go of an older one.
pub(super) const IDLE: Duration = Duration::from_secs(15);

/// At most so many connections as there are permits.
pub(super) struct Pool {
    connector: Arc<dyn Connector>,
    permits: Semaphore,
    idle: Mutex<Idle>,
    /// A connection given up after so long a use has most likely lost its other end.
    too_long: Duration,
}

#[derive(Default)]
struct Idle {
    /// Each with the time since it came back, the last one last.
    links: Vec<(Box<dyn Link>, Stopwatch)>,
    /// How often connections were found to be of no more use; those in use then do not come back.
    losses: u64,
}

/// A connection in use. Dropped, it is closed; after a long use so are all others, for nobody else may be left to tell that
/// they are dead: whoever waited in vain was given up.
pub(super) struct Lent<'p> {
    link: Box<dyn Link>,
    /// When it was taken.
    losses: u64,
    using: Use<'p>,
    _permit: SemaphorePermit<'p>,
}

struct Use<'p> {
    pool: &'p Pool,
    since: Stopwatch,
    has_ended: bool,
}

impl Pool {
    /// Calls that wait longer than `longest` are given up.
    pub(super) fn new(connector: Arc<dyn Connector>, size: usize, longest: Duration) -> Self {
        Self { connector, permits: Semaphore::new(size), idle: Mutex::default(), too_long: longest / 2 }
    }

    /// The connection used last, or a new one; waits for one to come back when all are in use.
    pub(super) async fn take(&self) -> Result<Lent<'_>, Fault> {
        let permit = self.permits.acquire().await.map_err(|_| Fault::Unavailable("the store is closed".into()))?;
        let (waiting, losses) = self.idle().pop();
        let link = match waiting {
            Some(link) => link,
            None => self.connector.connect().await?,
        };
        let using = Use { pool: self, since: Stopwatch::start(), has_ended: false };
        Ok(Lent { link, losses, using, _permit: permit })
    }

    fn lose_all(&self) {
        let mut idle = self.idle();
        idle.losses += 1;
        idle.links.clear();
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn pop(&mut self) -> (Option<Box<dyn Link>>, u64) {
        self.links.retain(|(_, since)| since.elapsed() < IDLE);
        (self.links.pop().map(|(link, _)| link), self.losses)
    }
}

impl Lent<'_> {
    pub(super) fn link(&mut self) -> &mut dyn Link {
        &mut *self.link
    }

    /// For the next user: no transaction is open, and every answer has been read.
    pub(super) fn give_back(mut self) {
        self.using.has_ended = true;
        let mut idle = self.using.pool.idle();
        if idle.losses == self.losses {
            idle.links.push((self.link, Stopwatch::start()));
        }
    }

    /// Closes it and all others: after one has been lost, or its server demoted, they most likely are as well.
    pub(super) fn lose_all(mut self) {
        self.using.has_ended = true;
        self.using.pool.lose_all();
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        if !self.has_ended && self.since.elapsed() >= self.pool.too_long {
            self.pool.lose_all();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &self.idle().links.len()).finish_non_exhaustive()
    }
}

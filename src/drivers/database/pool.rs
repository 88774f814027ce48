//! The connections that wait for their next use.
//!
//! Not sqlx's pool: it takes back a connection whose user was cancelled in the middle of a transaction, and asks every
//! one whether it is alive each time. Here a connection comes back only when its user says that it is clean; whatever
//! else happens to it closes it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::fault::Fault;
use super::link::{Connector, Link};

/// At most so many connections as there are permits.
pub(super) struct Pool {
    connector: Arc<dyn Connector>,
    permits: Semaphore,
    idle: Mutex<Vec<Box<dyn Link>>>,
}

/// A connection in use. Dropped, it is closed.
pub(super) struct Lent<'p> {
    link: Box<dyn Link>,
    pool: &'p Pool,
    _permit: SemaphorePermit<'p>,
}

impl Pool {
    pub(super) fn new(connector: Arc<dyn Connector>, size: usize) -> Self {
        Self { connector, permits: Semaphore::new(size), idle: Mutex::default() }
    }

    /// The connection used last, or a new one; waits for one to come back when all are in use.
    pub(super) async fn take(&self) -> Result<Lent<'_>, Fault> {
        let permit = self.permits.acquire().await.map_err(|_| Fault::Unavailable("the store is closed".into()))?;
        let idle = self.idle().pop();
        let link = match idle {
            Some(link) => link,
            None => self.connector.connect().await?,
        };
        Ok(Lent { link, pool: self, _permit: permit })
    }

    /// Closes those that wait: after one has been lost, the others most likely are as well.
    pub(super) fn clear(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Box<dyn Link>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent<'_> {
    pub(super) fn link(&mut self) -> &mut dyn Link {
        &mut *self.link
    }

    /// For the next user: no transaction is open, and every answer has been read.
    pub(super) fn give_back(self) {
        self.pool.idle().push(self.link);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("idle", &self.idle().len()).finish_non_exhaustive()
    }
}

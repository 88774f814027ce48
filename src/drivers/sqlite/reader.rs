//! The threads that read, so that whoever looks never waits for who writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::error::Failure;
use crate::queue::StoreError;

/// Queries that may wait; more wait to be let in.
const WAITING: usize = 256;

type Query = Box<dyn FnOnce(&Connection) + Send>;

/// The asking end.
#[derive(Debug)]
pub(super) struct Readers(mpsc::Sender<Query>);

impl Readers {
    /// Starts a thread per connection; they end when this is dropped.
    pub(super) fn start(connections: Vec<Connection>) -> std::io::Result<(Self, Vec<thread::JoinHandle<()>>)> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let queries = Arc::new(Mutex::new(receiver));
        let threads = connections.into_iter().map(|connection| spawn(connection, Arc::clone(&queries)));
        Ok((Self(sender), threads.collect::<Result<_, _>>()?))
    }

    /// Runs `query` on a connection that sees all that was committed before.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable("the reader of the database has gone".into());
        let (reply, answer) = oneshot::channel();
        let asked: Query = Box::new(move |connection| {
            // A caller that has gone away does not want to know.
            let _ = reply.send(query(connection).map_err(|error| StoreError::from(Failure::from(error))));
        });
        self.0.send(asked).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn spawn(
    connection: Connection,
    queries: Arc<Mutex<mpsc::Receiver<Query>>>,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("sqlite-reader".into()).spawn(move || {
        let next = || queries.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        while let Some(query) = next() {
            if catch_unwind(AssertUnwindSafe(|| query(&connection))).is_err() {
                warn!("a query of the database panicked");
            }
        }
    })
}

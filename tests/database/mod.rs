//! What only a database server can do to us: lose a process in mid-transaction, change its role, choose a bad plan.

mod beats;
mod demoted;
mod fronts;
mod gate;
mod plans;
mod promoting;
mod pruning;
mod vanished;

use std::time::Duration;

use bytes::Bytes;
use journeyman::drivers::StoreTime;
use journeyman::drivers::database::{DatabaseOptions, DatabaseStore};
use journeyman::job::{JobId, Priority, QueueName, When};
use journeyman::queue::{
    CallId, Driver, Envelope, NewJob, ReserveRequest, ReservedJob, Settle, Settled, Settlement, WorkerId,
};

const LEASE: Duration = Duration::from_secs(30);

/// A handle as each process has one; creates the tables.
async fn open(url: &str, call_timeout: Duration) -> DatabaseStore {
    open_as(url, url, call_timeout).await
}

/// The same by a name of its own: it shares nothing with the other handles of this process, as if it were another's.
async fn open_as(name: &str, url: &str, call_timeout: Duration) -> DatabaseStore {
    let options = DatabaseOptions {
        url: url.to_owned(),
        masked_url: name.to_owned(),
        call_timeout,
        max_connection_retries: 3,
        pool_size: 4,
        auto_migrate: true,
    };
    DatabaseStore::connect(options, StoreTime::Server).await.unwrap()
}

fn job() -> NewJob {
    let queue = QueueName::default();
    let id = JobId::generate(&queue);
    NewJob::new(Envelope { id, queue, priority: Priority::Normal, body: r#"{"type":"noop"}"#.into() }, When::Now)
}

async fn take(store: &DatabaseStore, worker: &WorkerId, max: usize, call: u64) -> Vec<ReservedJob> {
    let queues = [QueueName::default()];
    let (order, call) = (Priority::DESCENDING, CallId(call));
    let request = ReserveRequest { worker, queues: &queues, order, max, lease: LEASE, call, is_repeat: false };
    store.reserve(&request).await.unwrap().jobs
}

/// Puts a job back to where it waited.
async fn give_back(store: &DatabaseStore, held: &ReservedJob) {
    let back = Settle {
        reservation: held.reservation.clone(),
        settlement: Settlement::Requeue,
        trail: Bytes::new(),
        counted: None,
        then: Vec::new(),
    };
    assert_eq!(store.settle(&[back]).await.unwrap(), [Settled::Done]);
}

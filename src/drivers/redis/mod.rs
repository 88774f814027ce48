//! Jobs in Redis 7 or newer, or Valkey; one server, Sentinel or Cluster.
//!
//! A transition of a job is one script (`scripts/`), all of whose keys share a queue's hash tag. fred is named nowhere
//! outside this folder.

#[cfg(feature = "testing")]
mod any;
mod claims;
mod connection;
mod cursor;
mod driver;
mod durability;
mod inspector;
mod keys;
mod listing;
mod notes;
mod operator;
mod options;
mod outbox;
mod packed;
mod prune;
mod push;
mod records;
mod repair;
mod reserve;
mod rota;
mod scan;
mod scripts;
mod settle;
mod survey;
mod sweep;
mod together;
mod verify;
mod whole;
mod wire;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fred::types::Value;
use journeyman_job::QueueName;

#[cfg(feature = "testing")]
pub use self::any::read_any;
use self::connection::{Connection, Hint};
use self::keys::Keys;
pub use self::options::RedisOptions;
use self::rota::{Listed, Rota};
pub use super::store_time::StoreTime;
use crate::queue::StoreError;
use crate::wake::WakeHub;

/// A store in Redis. Its connections live on the runtime in which it was connected, and end when it is dropped.
#[derive(Debug)]
pub struct RedisStore {
    connection: Connection,
    keys: Keys,
    time: StoreTime,
    hub: Arc<WakeHub>,
    /// Queues known to be in the set of all queues.
    registered: Registered,
    listed: Listed,
    rotas: Rotas,
    allow_eviction: bool,
}

/// What each verb that goes over all queues knows of those it need not look at now.
#[derive(Debug, Clone, Default)]
struct Rotas {
    sweep: Rota,
    prune: Rota,
    reserve: Rota,
    beat: Rota,
}

impl RedisStore {
    /// Connects, with up to `max_connection_retries` further tries.
    ///
    /// `Unavailable` when the server cannot be reached; `Refused` when it must not be used: too old, wrong password, an
    /// eviction policy that throws jobs away.
    pub async fn connect(options: RedisOptions, time: StoreTime) -> Result<Self, StoreError> {
        let keys = Keys::new(&options.key_prefix);
        let (hub, registered, rotas) = (Arc::new(WakeHub::default()), Registered::default(), Rotas::default());
        let hear = {
            let (hub, registered, rotas) = (Arc::clone(&hub), registered.clone(), rotas.clone());
            move |hint: Hint| match hint {
                Hint::Queue(name) => {
                    if let Ok(queue) = QueueName::new(&name) {
                        rotas.sweep.found(&queue, false);
                        rotas.reserve.found(&queue, false);
                    }
                    hub.wake_named(&name);
                }
                Hint::Missed => {
                    rotas.sweep.clear();
                    rotas.reserve.clear();
                    hub.wake_all();
                }
                Hint::Outage => {
                    // The server may have come back without its data, and hints were missed meanwhile.
                    registered.lock().clear();
                    rotas.sweep.clear();
                    rotas.reserve.clear();
                    hub.wake_all();
                }
            }
        };
        let connection = Connection::open(&options, &keys.wake_channel(), hear).await?;
        let store = Self {
            connection,
            keys,
            time,
            hub,
            registered,
            listed: Listed::default(),
            rotas,
            allow_eviction: options.allow_eviction,
        };
        store.check_server().await?;
        Ok(store)
    }

    /// The time that a script is given: none, for it to read the server's.
    fn now(&self) -> Value {
        match &self.time {
            StoreTime::Server => Value::from(""),
            StoreTime::Manual(clock) => Value::from(clock.now().as_micros()),
        }
    }
}

/// Names remembered so that a push need not write them again, nor a look-up read them.
#[derive(Debug, Clone, Default)]
struct Registered(Arc<Mutex<HashSet<QueueName>>>);

impl Registered {
    fn lock(&self) -> MutexGuard<'_, HashSet<QueueName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

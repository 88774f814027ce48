//! Opening the configured stores.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::AppError;
use crate::config::{self, Config, Connection};
use crate::drivers::coded::CodedStore;
use crate::drivers::sealed::{Plain, Sealed};
use crate::drivers::{self, Connected};
use crate::queue::{Codec, Connect, QueueManager, Routing, Store, StoreError};

/// The default connection.
pub(super) async fn open(config: &Config, codec: Option<Arc<dyn Codec>>) -> Result<Connected, StoreError> {
    let connected = drivers::connect(config).await?;
    Ok(coded(connected, codec.unwrap_or_else(|| configured(config))))
}

/// The further ones, each with the settings it runs under.
pub(super) async fn open_named(config: &Config) -> Result<BTreeMap<String, (Config, Connected)>, AppError> {
    let mut opened = BTreeMap::new();
    for named in config.store.connections.iter().flatten() {
        let own = config.for_connection(named);
        let told = |error| AppError::Connection { name: named.name.clone(), error };
        let connected = open(&own, None).await.map_err(told)?;
        opened.insert(named.name.clone(), (own, connected));
    }
    Ok(opened)
}

pub(super) fn manager(config: &Config, connected: &Connected) -> QueueManager {
    let priorities = config.queue.priorities.iter().flatten();
    let routing = Routing {
        priorities: priorities.map(|known| (known.queue.clone(), known.priority)).collect(),
        queue_per_type: config.queue.per_type,
        waits_for_end: config.store.connection == Connection::Sync,
    };
    QueueManager::new(Arc::clone(&connected.store), routing)
}

fn configured(config: &Config) -> Arc<dyn Codec> {
    match (config.store.codec, config.security.keys.clone()) {
        // Checked with the settings: who seals has keys.
        (config::Codec::Sealed, Some(keys)) => Arc::new(Sealed::new(keys)),
        (_, keys) => Arc::new(Plain::new(keys)),
    }
}

/// The same store with its bodies in another form, and so every further connection to it.
fn coded(connected: Connected, codec: Arc<dyn Codec>) -> Connected {
    let Connected { store, connect, circuit, name } = connected;
    let wrapped = move |store| Arc::new(CodedStore::new(store, Arc::clone(&codec))) as Arc<dyn Store>;
    let store = wrapped(store);
    let connect: Connect = Arc::new(move || {
        let (opening, wrapped) = (connect(), wrapped.clone());
        Box::pin(async move { opening.await.map(wrapped) })
    });
    Connected { store, connect, circuit, name }
}

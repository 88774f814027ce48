//! What queues there are by the keys that are there, whatever the list of queues says.

use std::collections::{BTreeMap, BTreeSet};

use fred::interfaces::{ClientLike, KeysInterface};
use journeyman_job::QueueName;

use super::RedisStore;
use super::connection::meaning;
use crate::queue::{StoreError, WorkerId};

/// Keys that one call looks at, far fewer than would hold the server up.
const AT_ONCE: u32 = 1000;

/// The queues, each with the workers that have a list of reserved jobs there.
pub(super) type Found = BTreeMap<QueueName, BTreeSet<WorkerId>>;

impl RedisStore {
    pub(super) async fn scan(&self) -> Result<Found, StoreError> {
        let mut found = Found::new();
        let client = self.connection.client().await?;
        if client.is_clustered() {
            // fred keeps a connection to each node that has slots.
            for node in client.active_connections() {
                self.scan_one(&client.with_cluster_node(node), &mut found).await?;
            }
        } else {
            self.scan_one(client, &mut found).await?;
        }
        Ok(found)
    }

    async fn scan_one(&self, client: &(impl KeysInterface + Sync), found: &mut Found) -> Result<(), StoreError> {
        let mut cursor = "0".to_owned();
        loop {
            let page = client.scan_page(cursor, self.keys.pattern(), Some(AT_ONCE), None).await;
            let (next, keys): (String, Vec<String>) = page.map_err(|error| meaning(&error))?;
            for (queue, worker) in keys.iter().filter_map(|key| self.keys.owner(key)) {
                found.entry(queue).or_default().extend(worker);
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }
}

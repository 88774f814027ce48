//! Settings of the store that keeps the jobs.

use std::path::PathBuf;
use std::time::Duration;

use super::connections::NamedConnection;
use super::reader::{Reader, settings};
use super::security::SecurityConfig;
use super::value::Choice;

/// Which driver keeps the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// A file in the data directory; several processes may share it.
    Sqlite,
    Redis,
    /// MySQL, MariaDB or PostgreSQL.
    Database,
    /// This process alone; the jobs end with it.
    Memory,
    /// Each job runs once, where and while it is dispatched.
    Sync,
    /// Every job is dropped.
    Null,
}

impl Choice for Connection {
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("sqlite", Self::Sqlite),
        ("redis", Self::Redis),
        ("database", Self::Database),
        ("memory", Self::Memory),
        ("sync", Self::Sync),
        ("null", Self::Null),
    ];
}

/// The form in which a job's type, payload and options are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// As JSON that people can read.
    Json,
    /// Encrypted.
    Sealed,
}

impl Choice for Codec {
    const CHOICES: &'static [(&'static str, Self)] = &[("json", Self::Json), ("sealed", Self::Sealed)];
}

settings! {
    /// Where the jobs are kept.
    pub struct StoreConfig in "store" {
        /// Driver that keeps the jobs: sqlite, redis, database or memory; sync runs each job while it is dispatched, null
        /// drops it.
        connection: Connection = "sqlite", env "QUEUE_CONNECTION";
        /// How jobs are stored: json, or sealed with the keys of security.keys.
        codec: Codec = "json", env "QUEUE_CODEC";
        /// Further stores that jobs can be pushed to by name, as name=URL.
        connections: Option<Vec<NamedConnection>> = "", env "QUEUE_CONNECTIONS";
        /// Directory of the SQLite file and whatever else is kept on this machine.
        data_dir: PathBuf = "data", env "JOURNEYMAN_DATA_DIR";
        /// Longest time to wait for the store to accept a connection, and to answer a call.
        connection_timeout: Duration = "5", env "CONNECTION_TIMEOUT",
            within Duration::from_millis(10)..=Duration::from_secs(3600);
        /// Further tries when the store cannot be reached; 0 for none.
        max_connection_retries: u32 = "3", env "MAX_CONNECTION_RETRIES", within 0..=1000;
        /// Calls in a row that the store does not answer, after which it is left alone for a while.
        circuit_breaker_threshold: u32 = "5", env "CIRCUIT_BREAKER_THRESHOLD", within 1..=1_000_000;
        /// How long it is left alone before one call tries again.
        circuit_recovery_timeout: Duration = "30", env "CIRCUIT_RECOVERY_TIMEOUT",
            within Duration::from_millis(10)..=Duration::from_secs(3600);
    }
}

impl StoreConfig {
    /// The stores beside the default one.
    pub fn named(&self) -> impl Iterator<Item = &NamedConnection> {
        self.connections.iter().flatten()
    }

    pub(super) fn check(&self, security: &SecurityConfig, reader: &mut Reader<'_>) {
        let named = self.connections.as_deref().unwrap_or_default();
        let seals = |codec: Codec| codec == Codec::Sealed && security.keys.is_none();
        let rule = "give the key that seals, as `journeyman key secret` makes one".to_owned();
        if seals(self.codec) {
            reader.conflict(&["store.codec", "security.keys"], rule.clone());
        }
        if named.iter().any(|connection| seals(connection.codec)) {
            reader.conflict(&["store.connections", "security.keys"], rule);
        }
        let is_repeated =
            |(place, one): (usize, &NamedConnection)| named[..place].iter().any(|other| other.name == one.name);
        if named.iter().enumerate().any(is_repeated) {
            reader.conflict(&["store.connections"], "give each connection a name of its own".to_owned());
        }
    }
}

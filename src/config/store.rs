//! Settings of the store that keeps the jobs.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::settings;
use super::value::Choice;

/// Which driver keeps the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// A file in the data directory; several processes may share it.
    Sqlite,
    Redis,
    /// This process alone; the jobs end with it.
    Memory,
}

impl Choice for Connection {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("sqlite", Self::Sqlite), ("redis", Self::Redis), ("memory", Self::Memory)];

    fn refusal(name: &str) -> Option<&'static str> {
        match name {
            "database" => Some("the database connection is not available yet"),
            "sync" => Some("the sync connection is not available yet"),
            "null" => Some("the null connection is not available yet"),
            _ => None,
        }
    }
}

settings! {
    /// Where the jobs are kept.
    pub struct StoreConfig in "store" {
        /// Driver that keeps the jobs: sqlite, redis or memory.
        connection: Connection = "sqlite", env "QUEUE_CONNECTION";
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

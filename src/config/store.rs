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
    /// MySQL, MariaDB or PostgreSQL.
    Database,
    /// This process alone; the jobs end with it.
    Memory,
}

impl Choice for Connection {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("sqlite", Self::Sqlite), ("redis", Self::Redis), ("database", Self::Database), ("memory", Self::Memory)];

    fn refusal(name: &str) -> Option<&'static str> {
        match name {
            "sync" => Some("the sync connection is not available yet"),
            "null" => Some("the null connection is not available yet"),
            _ => None,
        }
    }
}

settings! {
    /// Where the jobs are kept.
    pub struct StoreConfig in "store" {
        /// Driver that keeps the jobs: sqlite, redis, database or memory.
        connection: Connection = "sqlite", env "QUEUE_CONNECTION";
        /// Directory of the SQLite file and whatever else is kept on this machine.
        data_dir: PathBuf = "data", env "JOURNEYMAN_DATA_DIR";
        /// Longest time to wait for the store to accept a connection.
        connection_timeout: Duration = "5", env "CONNECTION_TIMEOUT",
            within Duration::from_millis(10)..=Duration::from_secs(3600);
        /// Further tries when the store cannot be reached; 0 for none.
        max_connection_retries: u32 = "3", env "MAX_CONNECTION_RETRIES", within 0..=1000;
    }
}

//! How to reach a database server.

use std::fmt;
use std::time::Duration;

/// Where the server is and how long to wait for it.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `mysql://user:password@host:port/database`, or the same with `mariadb`, `postgres` or `postgresql`.
    pub url: String,
    /// The same for people: without its password.
    pub masked_url: String,
    /// Longest that a call may take, waiting for a connection included.
    pub call_timeout: Duration,
    /// Further tries after the first attempt to connect has failed.
    pub max_connection_retries: u32,
    /// Connections at the same time, apart from one that listens for wake-ups on PostgreSQL.
    pub pool_size: usize,
    /// Whether connecting brings the tables up to date, rather than refuse a database whose tables are not.
    pub auto_migrate: bool,
}

impl fmt::Debug for DatabaseOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseOptions")
            .field("url", &self.masked_url)
            .field("call_timeout", &self.call_timeout)
            .field("max_connection_retries", &self.max_connection_retries)
            .field("pool_size", &self.pool_size)
            .field("auto_migrate", &self.auto_migrate)
            .finish()
    }
}

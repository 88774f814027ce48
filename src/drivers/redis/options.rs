//! How to reach Redis.

use std::fmt;
use std::time::Duration;

/// Where Redis is and how long to wait for it.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://user:password@host:port/db`; also `rediss:`, `redis-sentinel:`, `redis-cluster:`, `redis+unix:` and the
    /// same with `valkey`.
    pub url: String,
    /// Goes before every key.
    pub key_prefix: String,
    /// Longest that a call waits for its answer, and an attempt to connect for the server.
    pub command_timeout: Duration,
    /// Further tries after the first attempt to connect has failed.
    pub max_connection_retries: u32,
    /// Whether to use a server whose eviction policy may throw jobs away.
    pub allow_eviction: bool,
}

impl RedisOptions {
    /// The URL without its passwords, for people.
    pub fn masked_url(&self) -> String {
        let Some((scheme, rest)) = self.url.split_once("://") else { return "***".to_owned() };
        let rest = match rest.rsplit_once('@') {
            Some((credentials, place)) => {
                let user = credentials.split_once(':').map_or("", |(user, _)| user);
                format!("{user}:***@{place}")
            }
            None => rest.to_owned(),
        };
        // What follows `?` can name a Sentinel password.
        let place = rest.split_once('?').map_or(rest.as_str(), |(place, _)| place);
        format!("{scheme}://{place}")
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("url", &self.masked_url())
            .field("key_prefix", &self.key_prefix)
            .field("command_timeout", &self.command_timeout)
            .field("max_connection_retries", &self.max_connection_retries)
            .field("allow_eviction", &self.allow_eviction)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_ever_shown() {
        for (url, shown) in [
            ("redis://127.0.0.1:6379/1", "redis://127.0.0.1:6379/1"),
            ("redis://:hunter2@host:6379", "redis://:***@host:6379"),
            ("rediss://me:hun@ter2@host", "rediss://me:***@host"),
            ("redis://hunter2@host", "redis://:***@host"),
            ("redis-sentinel://u:hunter2@a:1?sentinelPassword=hunter2&node=b:2", "redis-sentinel://u:***@a:1"),
            ("hunter2", "***"),
        ] {
            let options = RedisOptions {
                url: url.to_owned(),
                key_prefix: String::new(),
                command_timeout: Duration::from_secs(5),
                max_connection_retries: 3,
                allow_eviction: false,
            };
            assert_eq!(options.masked_url(), shown);
            assert!(!format!("{options:?}").contains("hunter2"), "{options:?}");
        }
    }
}

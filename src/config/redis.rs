//! Settings of the Redis connection.

use super::address::{bracketed, percent_encoded};
use super::connections::Place;
use super::reader::{Reader, settings};
use super::redis_url::RedisUrl;
use super::secret::Secret;
use super::store::{Connection, StoreConfig};
use super::value::Value;

settings! {
    /// How to reach Redis. `url` wins over host, port, database and password together, whichever layer they come from.
    pub struct RedisConfig in "redis" {
        /// Whether Redis may be used at all; false together with the redis connection is refused.
        enabled: Option<bool> = "", env "ENABLE_REDIS";
        /// Whole address, such as redis://:password@localhost:6379/0; wins over the parts below.
        url: Option<RedisUrl> = "", env "REDIS_URL";
        /// Host name or IP address.
        host: Host = "localhost", env "REDIS_HOST";
        /// TCP port.
        port: u16 = "6379", env "REDIS_PORT", within 1..=u16::MAX;
        /// Number of the logical database.
        db: u8 = "0", env "REDIS_DB";
        /// Password of the default user.
        password: Option<Secret> = "", env "REDIS_PASSWORD";
        /// What every key in Redis begins with.
        key_prefix: KeyPrefix = "journeyman:", env "KEY_PREFIX";
        /// Use a Redis even if its maxmemory-policy lets it throw jobs away.
        allow_eviction: bool = "false", env "REDIS_ALLOW_EVICTION";
    }
}

impl RedisConfig {
    /// The address to connect to, with its password.
    pub fn url(&self) -> Secret {
        let Self { url, host, port, db, password, .. } = self;
        if let Some(url) = url {
            return url.secret().clone();
        }
        let credentials = password.as_ref().map(|password| format!(":{}@", percent_encoded(password.expose())));
        let host = bracketed(host);
        Secret::new(format!("redis://{}{host}:{port}/{db}", credentials.unwrap_or_default()))
    }

    /// The same for people: passwords are masked.
    pub fn masked_url(&self) -> String {
        RedisUrl::mask(self.url().expose())
    }

    pub(super) fn check(&self, store: &StoreConfig, reader: &mut Reader<'_>) {
        if self.enabled != Some(false) {
            return;
        }
        let rule = "enable Redis or choose another connection";
        if store.connection == Connection::Redis {
            reader.conflict(&["store.connection", "redis.enabled"], rule.to_owned());
        }
        if store.named().any(|named| matches!(named.place, Place::Redis(_))) {
            reader.conflict(&["store.connections", "redis.enabled"], rule.to_owned());
        }
    }
}

/// A host name or an IP address, IPv6 without brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(pub(super) String);

impl Value for Host {
    fn parse(text: &str) -> Result<Self, String> {
        let host = text.trim();
        let is_ipv6 = host.parse::<std::net::Ipv6Addr>().is_ok();
        let is_name = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if is_ipv6 || is_name {
            Ok(Self(host.to_owned()))
        } else {
            Err("give a host name or an IP address; a port and a whole address are settings of their own".to_owned())
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// What every key begins with. No braces, which would move the hash tag that keeps a queue's keys in one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// Longest prefix, characters: it is paid for in every key.
    pub const MAX: usize = 64;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for KeyPrefix {
    fn parse(text: &str) -> Result<Self, String> {
        let allowed = |c: char| !matches!(c, '{' | '}') && !c.is_whitespace() && !c.is_control();
        if (1..=Self::MAX).contains(&text.chars().count()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("give 1 to {} characters without braces and white space", Self::MAX))
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r50_a_host_is_a_name_or_an_address_and_nothing_more() {
        for good in ["localhost", "10.0.0.1", "::1", "redis_1.internal"] {
            assert!(Host::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "cache:6379", "redis://cache", "a b", "user@cache", "cache/1"] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn r49_a_key_prefix_leaves_the_hash_tag_alone() {
        assert!(KeyPrefix::parse(&"p".repeat(64)).is_ok());
        for bad in ["", "{q}:", "a b", "a\n", &"p".repeat(65)] {
            assert!(KeyPrefix::parse(bad).is_err(), "{bad}");
        }
    }
}

//! Addresses of Redis servers.

use super::address::{self, host_and_port};
use super::secret::Secret;
use super::value::Value;

/// A Redis address, which may hold passwords: shown with them masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrl(Secret);

impl RedisUrl {
    /// As it was given.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl Value for RedisUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let (family, form) = scheme.split_at(scheme.find(['-', '+']).unwrap_or(scheme.len()));
        let known = matches!(family, "redis" | "rediss" | "valkey" | "valkeys")
            && matches!(form, "" | "-cluster" | "-sentinel" | "+unix");
        let (credentials, address) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (host, port) = host_and_port(address);
        let reachable = form == "+unix" || !host.is_empty() && port.is_none_or(|port| port.parse::<u16>().is_ok());
        // A bare slash in a password would end the address there.
        if known && reachable && !credentials.contains(['/', '?', '#']) && !rest.contains(char::is_whitespace) {
            Ok(Self(Secret::new(text)))
        } else {
            let shape = "redis://[user[:password]@]host[:port][/db]";
            Err(format!(
                "give a URL such as {shape}, with / ? # @ and spaces in a password written as %2F %3F %23 %40 %20"
            ))
        }
    }

    fn show(&self) -> Option<String> {
        Some(Self::mask(self.0.expose()))
    }

    fn mask(text: &str) -> String {
        address::masked(text, &["node", "sentinelServiceName"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r50_addresses_are_shown_without_passwords() {
        for (url, shown) in [
            ("redis://cache:6380/1", "redis://cache:6380/1"),
            ("redis://:canary@cache/1", "redis://:***@cache/1"),
            ("rediss://ann:canary@cache", "rediss://ann:***@cache"),
            ("redis://canary@cache", "redis://***@cache"),
            ("redis://:ca/na?r#y@@cache", "redis://:***@cache"),
            (
                "redis-sentinel://a:canary@s:26379/1?sentinelServiceName=main&sentinelPassword=canary&node=t:26379",
                "redis-sentinel://a:***@s:26379/1?sentinelServiceName=main&sentinelPassword=***&node=t:26379",
            ),
            ("redis://[::1]:6380/1", "redis://[::1]:6380/1"),
            ("redis+unix://:canary@/run/redis.sock", "redis+unix://:***@/run/redis.sock"),
            ("redis://:canary", "redis://:***"),
            ("redis://:1234", "redis://:***"),
            ("redis://ann:canary/0", "redis://ann:***"),
            ("canary@cache", "***"),
        ] {
            assert_eq!(RedisUrl::mask(url), shown);
        }
    }

    #[test]
    fn r50_an_address_of_another_kind_is_refused() {
        for good in ["redis://h", "rediss://u:p@h:1/2", "valkey-cluster://h:1?node=i:1", "redis+unix:///run/redis.sock"]
        {
            assert!(RedisUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "redis://",
            "http://h",
            "redis-x://h",
            "redis://h /1",
            "redis://:p",
            "redis://u:p/0",
            "redis://:a/b@h",
        ] {
            assert!(RedisUrl::parse(bad).is_err(), "{bad}");
        }
    }
}

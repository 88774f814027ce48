//! Where a post goes, and whether it may.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::address::is_public;
use crate::config::{CallbacksConfig, HostPattern};

/// Ports of services that must not be talked to by accident, with TLS or without.
const SERVICES: [u16; 16] =
    [1433, 1521, 2049, 2375, 2376, 2379, 3306, 3389, 5432, 5672, 6379, 6443, 9200, 10250, 11211, 27017];

/// What may be posted to.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// None: every host.
    pub hosts: Option<Vec<HostPattern>>,
    /// Whether any address and any port will do.
    pub allow_private: bool,
}

impl Rules {
    /// Refuses a URL that could never be posted to. No name is looked up: what it leads to is seen, and judged, at the post.
    pub fn check(&self, url: &str) -> Result<(), String> {
        let target = Target::parse(url, self)?;
        target.literal().map_or(Ok(()), |literal| target.check_addresses(&[literal], self))
    }
}

impl From<&CallbacksConfig> for Rules {
    fn from(config: &CallbacksConfig) -> Self {
        Self { hosts: config.hosts.clone(), allow_private: config.allow_private }
    }
}

/// A URL that may be posted to as far as its text tells.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// A name, or an address without brackets.
    pub(super) host: String,
    /// Set if the URL has an address for a host.
    literal: Option<IpAddr>,
    pub(super) port: u16,
    /// Host and port as HTTP writes them.
    pub(super) authority: String,
    pub(super) path: String,
}

/// For people: without path and query, which often are the receiver's secret.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

impl Target {
    /// Reads a URL as a browser does, so that 0x7f.1 and 2130706433 are the addresses they are.
    pub(super) fn parse(text: &str, rules: &Rules) -> Result<Self, String> {
        // Neither the text nor a part of it is told: it may hold a secret.
        let url = Url::parse(text).map_err(|error| format!("the callback's URL cannot be read: {error}"))?;
        if url.scheme() != "https" {
            return Err(format!("the callback's URL begins with {}:// and must begin with https://", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the callback's URL holds credentials, which are not sent: leave them out".to_owned());
        }
        let (host, literal) = match url.host() {
            Some(Host::Domain(name)) => (name.trim_end_matches('.').to_owned(), None),
            Some(Host::Ipv4(address)) => (address.to_string(), Some(IpAddr::V4(address))),
            Some(Host::Ipv6(address)) => (address.to_string(), Some(IpAddr::V6(address))),
            None => return Err("the callback's URL has no host".to_owned()),
        };
        let port = url.port_or_known_default().unwrap_or(443);
        let shown = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| shown.to_owned(), |port| format!("{shown}:{port}"));
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let target = Self { host, literal, port, authority, path };
        target.check(rules)?;
        Ok(target)
    }

    fn check(&self, rules: &Rules) -> Result<(), String> {
        if rules.hosts.as_ref().is_some_and(|hosts| !hosts.iter().any(|pattern| pattern.covers(&self.host))) {
            return Err(format!("{self} is not among the hosts of the setting callbacks.hosts"));
        }
        let is_fit = self.port == 443 || (self.port >= 1024 && !SERVICES.contains(&self.port));
        if !rules.allow_private && !is_fit {
            return Err(format!(
                "port {} is not for callbacks: use 443, or one above 1023 of no known service",
                self.port
            ));
        }
        Ok(())
    }

    /// The address in the URL, if that is how the host is given.
    pub(super) fn literal(&self) -> Option<SocketAddr> {
        self.literal.map(|address| SocketAddr::new(address, self.port))
    }

    /// Refuses the target unless every one of its addresses may be posted to: whoever mixes a private one in does not mean
    /// well, or does not know.
    pub(super) fn check_addresses(&self, addresses: &[SocketAddr], rules: &Rules) -> Result<(), String> {
        let private = addresses.iter().find(|address| !is_public(address.ip()));
        match private {
            Some(_) if !rules.allow_private => Err(format!(
                "{self} leads to an address that is not public; where that is meant, the setting callbacks.allow_private \
                 allows it"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> bool {
        Rules::default().check(url).is_err_and(|error| !error.contains("canary"))
    }

    #[test]
    fn r25_no_way_of_writing_a_private_address_gets_through() {
        for url in [
            "http://example.org/canary",
            "ftp://example.org/canary",
            "file:///canary",
            "gopher://example.org:6379/canary",
            "https://",
            "https://user:canary@example.org/",
            "https://canary@example.org/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://2130706433/",
            "https://127.0.0.1./",
            "https://①②⑦.0.0.1/",
            "https://0/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[64:ff9b::10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[fd00:ec2::254]/",
            "https://example.org:22/",
            "https://example.org:6379/",
            "https://example.org:3306/",
            "https://example.org:65536/",
            "not a url canary",
        ] {
            assert!(refused(url), "{url}");
        }
    }

    #[test]
    fn r25_a_public_url_is_taken_apart_as_http_needs_it() {
        let target = Target::parse("https://Hooks.Example.org:8443/a%20b/?c=d#e", &Rules::default()).unwrap();
        assert_eq!((target.host.as_str(), target.port), ("hooks.example.org", 8443));
        assert_eq!((target.authority.as_str(), target.path.as_str()), ("hooks.example.org:8443", "/a%20b/?c=d"));
        assert_eq!(target.to_string(), "https://hooks.example.org:8443");
        let bare = Target::parse("https://example.org", &Rules::default()).unwrap();
        assert_eq!((bare.authority.as_str(), bare.path.as_str(), bare.port), ("example.org", "/", 443));
    }

    #[test]
    fn r25_one_private_address_among_public_ones_is_enough_to_refuse() {
        let target = Target::parse("https://example.org/", &Rules::default()).unwrap();
        let [public, private] = ["1.1.1.1:443", "10.0.0.1:443"].map(|text| text.parse().unwrap());
        assert!(target.check_addresses(&[public], &Rules::default()).is_ok());
        assert!(target.check_addresses(&[public, private], &Rules::default()).is_err());
        let lenient = Rules { allow_private: true, ..Rules::default() };
        assert!(target.check_addresses(&[public, private], &lenient).is_ok());
    }
}

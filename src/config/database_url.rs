//! Addresses of database servers.

use super::address::{self, host_and_port};
use super::secret::Secret;
use super::value::Value;

/// A database's address, which may hold a password: shown with it masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Secret);

impl DatabaseUrl {
    /// As it was given.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// The same for people: passwords are masked.
    pub fn masked(&self) -> String {
        Self::mask(self.0.expose())
    }

    pub(super) fn is_mysql(&self) -> bool {
        let url = self.0.expose();
        url.starts_with("mysql:") || url.starts_with("mariadb:")
    }
}

impl Value for DatabaseUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let is_known = matches!(scheme, "mysql" | "mariadb" | "postgres" | "postgresql");
        let (credentials, address) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (host, port) = host_and_port(address);
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let has_socket = query.split('&').any(|pair| pair.starts_with("socket=") || pair.starts_with("host=/"));
        let is_reachable = (!host.is_empty() || has_socket) && port.is_none_or(|port| port.parse::<u16>().is_ok());
        let has_name = path.split_once('/').is_some_and(|(_, name)| !name.is_empty() && !name.contains('/'));
        // Without one the user of the system would be taken, which is hardly meant.
        let has_user = !credentials.is_empty() && !credentials.starts_with(':');
        // A bare slash in a password would end the address there.
        let is_clean = !credentials.contains(['/', '?', '#']) && !rest.contains(char::is_whitespace);
        if is_known && is_reachable && has_name && has_user && is_clean {
            return Ok(Self(Secret::new(text)));
        }
        Err("give a URL such as mysql://user:password@host:3306/database or postgres://user:password@host/database, \
             with / ? # @ and spaces in a password written as %2F %3F %23 %40 %20"
            .to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(Self::mask(self.0.expose()))
    }

    fn mask(text: &str) -> String {
        address::masked(text, &["application_name", "host", "options", "port", "socket", "ssl-mode", "sslmode"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r50_addresses_are_shown_without_passwords() {
        for (url, shown) in [
            ("mysql://ann@db/jobs", "mysql://***@db/jobs"),
            ("mariadb://ann:canary@db:3307/jobs", "mariadb://ann:***@db:3307/jobs"),
            ("postgres://ann:ca/n@ry@db/jobs?sslmode=require", "postgres://ann:***@db/jobs?sslmode=require"),
            ("postgresql://ann:x@[::1]/jobs?password=canary", "postgresql://ann:***@[::1]/jobs?password=***"),
            ("mysql://ann:canary/jobs", "mysql://ann:***"),
            ("canary@db", "***"),
        ] {
            assert_eq!(DatabaseUrl::mask(url), shown);
        }
    }

    #[test]
    fn r50_an_address_of_another_kind_is_refused() {
        for good in [
            "mysql://u@h/d",
            "mariadb://u:p@h:1/d",
            "postgres://u:p%40@[::1]:5432/d?sslmode=require",
            "postgresql://u@/d?host=/run/postgresql",
            "mysql://u@localhost/d?socket=/run/mysqld.sock",
        ] {
            assert!(DatabaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "mysql://",
            "sqlite://u@h/d",
            "redis://u@h/d",
            "mysql://u@h",
            "mysql://u@h/",
            "mysql://u@h/d/e",
            "mysql://h/d",
            "mysql://:p@h/d",
            "mysql://u:p@h:x/d",
            "mysql://u:a/b@h/d",
            "mysql://u:a b@h/d",
        ] {
            assert!(DatabaseUrl::parse(bad).is_err(), "{bad}");
        }
    }
}

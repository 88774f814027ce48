//! Addresses of database servers.

use super::secret::{MASK, Secret};
use super::value::Value;

/// Which family of servers an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlFamily {
    /// MySQL or MariaDB.
    MySql,
    Postgres,
}

/// The address of a database, which may hold a password: shown with it masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlUrl {
    secret: Secret,
    family: SqlFamily,
}

impl SqlUrl {
    /// As it was given.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    pub fn family(&self) -> SqlFamily {
        self.family
    }

    /// For people.
    pub fn masked(&self) -> String {
        Self::mask(self.secret.expose())
    }
}

impl Value for SqlUrl {
    fn parse(text: &str) -> Result<Self, String> {
        const SHAPE: &str = "mysql://user:password@host:port/database (or mariadb, postgres)";
        let text = text.trim();
        let rule = || format!("give a URL such as {SHAPE}, with / ? # @ in a password written as %2F %3F %23 %40");
        let (scheme, rest) = text.split_once("://").ok_or_else(rule)?;
        let family = match scheme {
            "mysql" | "mariadb" => SqlFamily::MySql,
            "postgres" | "postgresql" => SqlFamily::Postgres,
            _ => return Err(rule()),
        };
        let (credentials, address) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (authority, path) = address.split_once('/').ok_or_else(rule)?;
        let database = path.split(['?', '#']).next().unwrap_or_default();
        let has_host = !authority.is_empty() && !authority.contains(['?', '#']);
        let is_sound = has_host && !database.is_empty() && !credentials.contains(['/', '?', '#']);
        if is_sound && !text.contains(char::is_whitespace) {
            Ok(Self { secret: Secret::new(text), family })
        } else {
            Err(rule())
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.masked())
    }

    /// Works on the bare text, because a URL that is wrong must not show its password either.
    fn mask(text: &str) -> String {
        let Some((scheme, rest)) = text.split_once("://") else { return MASK.to_owned() };
        let (credentials, address) = match rest.rsplit_once('@') {
            Some((credentials, address)) => {
                let user = credentials.split_once(':').map(|(user, _)| format!("{user}:"));
                (format!("{}{MASK}@", user.unwrap_or_default()), address)
            }
            None => (String::new(), rest),
        };
        // Parameters may hold a password too.
        let address = address.split_once('?').map_or(address.to_owned(), |(address, _)| format!("{address}?{MASK}"));
        // Without a host, what looks like one is most likely `user:password`.
        let is_sound = credentials.is_empty() && Self::parse(text).is_err() && address.contains(':');
        if is_sound { format!("{scheme}://{MASK}") } else { format!("{scheme}://{credentials}{address}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r50_a_database_is_reached_by_a_url_and_shown_without_its_password() {
        for (url, family, shown) in [
            ("mysql://app:canary@db:3306/app", SqlFamily::MySql, "mysql://app:***@db:3306/app"),
            ("mariadb://app@db/app", SqlFamily::MySql, "mariadb://***@db/app"),
            ("postgres://db/app", SqlFamily::Postgres, "postgres://db/app"),
            ("postgresql://a:c@[::1]:1/app?password=canary", SqlFamily::Postgres, "postgresql://a:***@[::1]:1/app?***"),
        ] {
            let parsed = SqlUrl::parse(url).unwrap();
            assert_eq!((parsed.family(), parsed.masked().as_str()), (family, shown));
        }
    }

    #[test]
    fn r50_an_address_that_leads_nowhere_is_refused_without_its_password() {
        for bad in [
            "",
            "canary",
            "mysql://",
            "mysql://db",
            "sqlite://x/canary",
            "mysql://:canary@/app",
            "mysql://a:ca/nary@db/app",
        ] {
            assert!(SqlUrl::parse(bad).is_err(), "{bad}");
        }
        for bad in ["mysql://app:canary", "app:canary@db/app", "mysql://a:ca/nary@db/app"] {
            assert!(!SqlUrl::mask(bad).contains("canary") && !SqlUrl::mask(bad).contains("nary"), "{bad}");
        }
    }
}

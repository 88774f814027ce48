//! Settings of the database connection.

use super::address::{bracketed, percent_encoded};
use super::connections::Place;
use super::database_url::DatabaseUrl;
use super::reader::{Reader, settings};
use super::redis::Host;
use super::secret::Secret;
use super::store::{Connection, StoreConfig};
use super::value::Value;

settings! {
    /// How to reach the database server. `url` wins over the parts together, whichever layer they come from; the parts
    /// are those of a MySQL or MariaDB server.
    pub struct DatabaseConfig in "database" {
        /// Whether MySQL may be used at all; false together with the database connection to it is refused.
        enabled: Option<bool> = "", env "ENABLE_MYSQL";
        /// Whole address, such as postgres://user:password@localhost/jobs; wins over the parts below.
        url: Option<DatabaseUrl> = "", env "DATABASE_URL";
        /// Host name or IP address of a MySQL server.
        host: Host = "localhost", env "DB_HOST";
        /// TCP port.
        port: u16 = "3306", env "DB_PORT", within 1..=u16::MAX;
        /// Name of the database.
        name: Option<DatabaseName> = "", env "DB_NAME";
        /// User.
        user: Option<DatabaseName> = "", env "DB_USER";
        /// Password of the user.
        pass: Option<Secret> = "", env "DB_PASS";
        /// Connections that a process has open at the same time at most.
        pool_size: usize = "8", env "DB_POOL_SIZE", within 1..=1000;
        /// Whether a start brings the tables up to date; otherwise that is for the command migrate.
        auto_migrate: bool = "false", env "DB_AUTO_MIGRATE";
    }
}

impl DatabaseConfig {
    /// The address to connect to, with its password.
    pub fn url(&self) -> Secret {
        let Self { url, host, port, name, user, pass, .. } = self;
        if let Some(url) = url {
            return url.secret().clone();
        }
        let text = |part: &Option<DatabaseName>| percent_encoded(part.as_ref().map_or("", |DatabaseName(text)| text));
        let pass = pass.as_ref().map_or_else(String::new, |pass| format!(":{}", percent_encoded(pass.expose())));
        Secret::new(format!("mysql://{}{pass}@{}:{port}/{}", text(user), bracketed(host), text(name)))
    }

    /// The same for people: passwords are masked.
    pub fn masked_url(&self) -> String {
        DatabaseUrl::mask(self.url().expose())
    }

    /// Whether it names a database that may be used, whatever keeps the jobs.
    pub fn is_given(&self) -> bool {
        let is_mysql = self.url.as_ref().is_none_or(DatabaseUrl::is_mysql);
        let is_named = self.url.is_some() || (self.name.is_some() && self.user.is_some());
        is_named && !(is_mysql && self.enabled == Some(false))
    }

    pub(super) fn check(&self, store: &StoreConfig, reader: &mut Reader<'_>) {
        let is_off = self.enabled == Some(false);
        let rule = "enable MySQL or choose another connection";
        let is_on_mysql = |place: &Place| matches!(place, Place::Database(url) if url.is_mysql());
        if is_off && store.named().any(|named| is_on_mysql(&named.place)) {
            reader.conflict(&["store.connections", "database.enabled"], rule.to_owned());
        }
        if store.connection != Connection::Database {
            return;
        }
        let is_mysql = self.url.as_ref().is_none_or(DatabaseUrl::is_mysql);
        if is_off && is_mysql {
            reader.conflict(&["store.connection", "database.enabled"], rule.to_owned());
        } else if self.url.is_none() && (self.name.is_none() || self.user.is_none()) {
            let rule = "give the address in database.url (DATABASE_URL), or at least DB_NAME and DB_USER of a MySQL \
                        server"
                .to_owned();
            reader.conflict(&["store.connection", "database.url", "database.name", "database.user"], rule);
        }
    }
}

/// What a database or a user of one is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseName(String);

impl Value for DatabaseName {
    fn parse(text: &str) -> Result<Self, String> {
        // MySQL's own limit for a database; no server takes control characters.
        if (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err("give 1 to 64 characters without control characters".to_owned())
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

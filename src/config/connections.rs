//! Further stores beside the default one, by name.

use std::path::PathBuf;

use super::database_url::DatabaseUrl;
use super::redis_url::RedisUrl;
use super::secret::MASK;
use super::store::{Codec, Connection};
use super::value::{Choice, Value};

/// A store that jobs can be pushed to by its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedConnection {
    pub name: String,
    pub codec: Codec,
    pub place: Place,
}

/// Which store it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// The directory of its file.
    Sqlite(PathBuf),
    Redis(RedisUrl),
    Database(DatabaseUrl),
    Memory,
    Sync,
    Null,
}

const RULE: &str = "give name=URL, with a name of A-Z a-z 0-9 . _ - and a URL such as redis://host:6379/1, \
     postgres://user@host/database, mysql://user@host/database, sqlite:directory, memory:, sync: or null:; sealed+ before the URL seals what is stored";

/// Written `name=URL`.
impl Value for NamedConnection {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, url) = text.trim().split_once('=').ok_or(RULE)?;
        if !is_name(name) {
            return Err(RULE.to_owned());
        }
        let (codec, url) = match url.strip_prefix("sealed+") {
            Some(url) => (Codec::Sealed, url),
            None => (Codec::Json, url),
        };
        Ok(Self { name: name.to_owned(), codec, place: Place::parse(url)? })
    }

    fn show(&self) -> Option<String> {
        let codec = if self.codec == Codec::Sealed { "sealed+" } else { "" };
        Some(format!("{}={codec}{}", self.name, self.place.show()))
    }

    fn mask(text: &str) -> String {
        // A list of them arrives as one text, and a comma in it may as well be one of a password: nothing is taken apart.
        match text.split_once('=').filter(|(name, _)| is_name(name.trim())) {
            Some((name, url)) => match url.matches("://").count() {
                0 if url.contains('@') => format!("{name}={MASK}"),
                0 => text.to_owned(),
                1 => format!("{name}={}", RedisUrl::mask(url)),
                _ => format!("{name}={MASK}"),
            },
            None if text.contains(['@', ':']) => MASK.to_owned(),
            None => text.to_owned(),
        }
    }
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=100).contains(&text.len()) && text.chars().all(allowed)
}

impl Place {
    fn parse(url: &str) -> Result<Self, String> {
        match url.split_once(':').ok_or(RULE)? {
            ("memory", "") => Ok(Self::Memory),
            ("sync", "") => Ok(Self::Sync),
            ("null", "") => Ok(Self::Null),
            ("sqlite", path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            ("mysql" | "mariadb" | "postgres" | "postgresql", _) => DatabaseUrl::parse(url).map(Self::Database),
            (_, rest) if rest.starts_with("//") => RedisUrl::parse(url).map(Self::Redis),
            _ => Err(RULE.to_owned()),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Redis(url) => url.show().unwrap_or_default(),
            Self::Database(url) => url.show().unwrap_or_default(),
            Self::Memory => "memory:".to_owned(),
            Self::Sync => "sync:".to_owned(),
            Self::Null => "null:".to_owned(),
        }
    }

    /// The driver of it.
    pub fn driver(&self) -> Connection {
        match self {
            Self::Sqlite(_) => Connection::Sqlite,
            Self::Redis(_) => Connection::Redis,
            Self::Database(_) => Connection::Database,
            Self::Memory => Connection::Memory,
            Self::Sync => Connection::Sync,
            Self::Null => Connection::Null,
        }
    }
}

impl super::Config {
    /// The settings of a process whose default connection is this one.
    #[must_use]
    pub fn for_connection(&self, named: &NamedConnection) -> Self {
        let mut config = self.clone();
        config.store.connection = named.place.driver();
        config.store.codec = named.codec;
        match &named.place {
            Place::Sqlite(directory) => config.store.data_dir.clone_from(directory),
            Place::Redis(url) => config.redis.url = Some(url.clone()),
            Place::Database(url) => config.database.url = Some(url.clone()),
            Place::Memory | Place::Sync | Place::Null => {}
        }
        config
    }

    /// The word that names the default connection.
    pub fn default_connection(&self) -> &'static str {
        let choices = Connection::CHOICES.iter().find(|(_, connection)| *connection == self.store.connection);
        choices.map_or("default", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_a_connection_is_a_name_and_a_url() {
        for text in [
            "cache=redis://127.0.0.1:6379/1",
            "archive=sqlite:data/archive",
            "a.b-c=memory:",
            "now=sync:",
            "off=null:",
            "ledger=postgres://***@db/jobs",
        ] {
            let parsed = NamedConnection::parse(text).unwrap();
            assert_eq!(parsed.show().unwrap(), text);
        }
        let sealed = NamedConnection::parse("vault=sealed+sqlite:vault").unwrap();
        assert_eq!((sealed.codec, sealed.show().unwrap()), (Codec::Sealed, "vault=sealed+sqlite:vault".into()));
    }

    #[test]
    fn r27_what_is_none_is_refused_and_shows_no_password() {
        for text in ["", "cache", "=memory:", "a b=memory:", "x=sqlite:", "x=ftp://h", "x=memory:7", "x=redis"] {
            assert!(NamedConnection::parse(text).is_err(), "{text}");
        }
        let shown = NamedConnection::parse("cache=redis://:canary@127.0.0.1:6379").unwrap().show().unwrap();
        assert!(!shown.contains("canary"), "{shown}");
        for (given, shown) in [
            ("a=memory:,b=redis://:canary@:x", "a=memory:,b=redis://:***@:***"),
            ("a=redis://h,b=redis://canary@h:1", "a=***"),
            ("x=postgres://u:can,ary@h/d", "x=postgres://u:***@h/d"),
            ("postgres://u:canary@h/d?sslmode=require", "***"),
            ("redis://:canary@h:6379", "***"),
            ("x=postgres:u:canary@h/d", "x=***"),
            ("x=redis://canary@u:p@h", "x=redis://***@h"),
            ("x=redis://h?node=y,password=canary", "x=redis://h?node=***"),
            ("cache", "cache"),
            ("x=memory:7", "x=memory:7"),
        ] {
            assert_eq!(NamedConnection::mask(given), shown);
        }
    }
}

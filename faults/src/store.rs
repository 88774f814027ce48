//! The stores under attack, each told to keep what it confirms.

use clap::ValueEnum;

use crate::support::database::{Care, DatabaseServer, Engine};
use crate::support::redis::Server as RedisServer;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Sqlite,
    Redis,
    Mariadb,
    Postgres,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Redis => "Redis",
            Self::Mariadb => "MariaDB",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// As the command line takes it.
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// A store of the lane's own; it dies with this value.
pub enum Store {
    /// A file in the lane's folder; whoever opens it is its server.
    File,
    Redis(RedisServer),
    Database {
        server: DatabaseServer,
        url: String,
    },
}

impl Store {
    pub fn start(kind: Kind) -> Self {
        let database = |engine| {
            let server = DatabaseServer::start(engine, Care::Durable);
            Self::Database { url: server.fresh_url(), server }
        };
        match kind {
            Kind::Sqlite => Self::File,
            Kind::Redis => Self::Redis(RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"])),
            Kind::Mariadb => database(Engine::MariaDb),
            Kind::Postgres => database(Engine::Postgres),
        }
    }

    /// What tells the product to use it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::File => vec![("QUEUE_CONNECTION", "sqlite".into())],
            Self::Redis(server) => vec![("QUEUE_CONNECTION", "redis".into()), ("REDIS_URL", server.url())],
            Self::Database { url, .. } => vec![
                ("QUEUE_CONNECTION", "database".into()),
                ("DATABASE_URL", url.clone()),
                ("DB_AUTO_MIGRATE", "true".into()),
            ],
        }
    }

    /// As `kill -9`. Of a file that is nothing: its servers are the product's own processes.
    pub fn kill(&mut self) {
        match self {
            Self::File => {}
            Self::Redis(server) => server.kill(),
            Self::Database { server, .. } => server.kill(),
        }
    }

    /// Once it answers.
    pub fn start_again(&mut self) {
        match self {
            Self::File => {}
            Self::Redis(server) => server.start_again(),
            Self::Database { server, .. } => server.start_again(),
        }
    }
}

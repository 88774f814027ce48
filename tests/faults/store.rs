//! A store of a test's own, to take away and to bring back.

use rusqlite::Connection;

use crate::redis::server::Server as Redis;
use crate::support::database::{Care, DatabaseServer, Engine};
use crate::support::process::Home;

/// How a store goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// Killed; what it had confirmed it knows when it is started again.
    Killed,
    /// Stopped with all connections open, as a machine that hangs.
    Frozen,
}

/// A store that keeps what it has confirmed.
pub enum Store {
    Redis(Redis),
    Database(DatabaseServer),
    /// Somebody else holds the file's lock, or nobody does.
    Sqlite(Option<Connection>),
}

impl Store {
    pub fn redis() -> (Self, Home) {
        let server = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]);
        let home = Home::redis_at(&server.url());
        (Self::Redis(server), home)
    }

    pub fn database(engine: Engine) -> (Self, Home) {
        let server = DatabaseServer::start(engine, Care::Durable);
        let home = Home::database(&server.fresh_url());
        (Self::Database(server), home)
    }

    pub fn sqlite() -> (Self, Home) {
        (Self::Sqlite(None), Home::sqlite())
    }

    pub fn leave(&mut self, away: Away, home: &Home) {
        match (self, away) {
            (Self::Redis(server), Away::Killed) => server.kill(),
            (Self::Redis(server), Away::Frozen) => server.freeze(true),
            (Self::Database(server), Away::Killed) => server.kill(),
            (Self::Database(server), Away::Frozen) => server.freeze(true),
            // A file cannot be killed.
            (Self::Sqlite(lock), _) => *lock = Some(locked(home)),
        }
    }

    pub fn come_back(&mut self, away: Away) {
        match (self, away) {
            (Self::Redis(server), Away::Killed) => server.start_again(),
            (Self::Redis(server), Away::Frozen) => server.freeze(false),
            (Self::Database(server), Away::Killed) => server.start_again(),
            (Self::Database(server), Away::Frozen) => server.freeze(false),
            (Self::Sqlite(lock), _) => *lock = None,
        }
    }
}

fn locked(home: &Home) -> Connection {
    let connection = Connection::open(home.path().join("data/journeyman.db")).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

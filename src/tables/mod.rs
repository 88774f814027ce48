//! The application's own tables, apart from the store that keeps the jobs: what the credit jobs and the built-in job
//! `database_operation` change.
//!
//! A [`Tables`] is given to jobs with their context. It connects when it is first used, so a worker starts and runs its
//! other jobs while the tables are away, and makes no file that nobody needs.

mod column;
mod dialect;
mod fault;
mod ledger;
mod operation;
mod server;
mod session;
mod sqlite;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

pub use fault::Fault;
pub use operation::{DatabaseOperation, Operation};

use crate::config::{AllowList, Secret};
use server::ServerTables;
use session::Change;
use sqlite::SqliteTables;

/// The job type that changes one table of the allow-list.
pub const DATABASE_OPERATION: &str = "database_operation";

/// Where the tables are.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of our own, created and migrated as needed.
    File(PathBuf),
    /// Whose URL begins with `mysql`, `mariadb` or `postgres`.
    Server {
        url: Secret,
        /// The same for people: without its password.
        masked: String,
    },
}

/// How the tables are reached and what may be done there.
#[derive(Debug, Clone)]
pub struct TablesOptions {
    pub location: Location,
    /// What `database_operation` may touch.
    pub allow: AllowList,
    /// Connections to a server.
    pub connections: u32,
    /// Longest that a change may take, waiting for a connection included.
    pub timeout: Duration,
}

/// Which tables of ours to create on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// What `database_operation` notes.
    Operations,
    /// That, and the tables of the credit examples.
    Examples,
}

/// A handle on the tables. Cheap to clone.
#[derive(Clone)]
pub struct Tables(Arc<Inner>);

struct Inner {
    options: TablesOptions,
    backend: OnceCell<Backend>,
}

enum Backend {
    Sqlite(SqliteTables),
    Server(ServerTables),
}

impl Tables {
    /// Connects to nothing yet.
    pub fn new(options: TablesOptions) -> Self {
        Self(Arc::new(Inner { options, backend: OnceCell::new() }))
    }

    pub fn options(&self) -> &TablesOptions {
        &self.0.options
    }

    /// Which database it is, for people.
    pub fn name(&self) -> String {
        match &self.0.options.location {
            Location::File(path) => format!("SQLite {}", path.display()),
            Location::Server { masked, .. } => masked.clone(),
        }
    }

    /// Creates our tables, or brings them up to date. A file is brought up to date whenever it is opened.
    pub async fn migrate(&self, ours: Ours) -> Result<(), Fault> {
        match self.backend().await? {
            Backend::Sqlite(_) => Ok(()),
            Backend::Server(server) => server.migrate(ours).await,
        }
    }

    /// Makes a change: all of it or nothing.
    async fn change<C: Change>(&self, change: C) -> Result<C::Answer, Fault> {
        match self.backend().await? {
            Backend::Sqlite(file) => file.change(change).await,
            Backend::Server(server) => server.change(change).await,
        }
    }

    async fn backend(&self) -> Result<&Backend, Fault> {
        let options = &self.0.options;
        let open = async || match &options.location {
            Location::File(path) => SqliteTables::open(path.clone(), options.timeout).await.map(Backend::Sqlite),
            Location::Server { url, masked } => ServerTables::new(url, masked, options).map(Backend::Server),
        };
        self.0.backend.get_or_try_init(open).await
    }
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tables").field(&self.name()).finish()
    }
}

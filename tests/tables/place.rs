//! A database for tables, and a way to look into it past everything that is tested.

use std::path::PathBuf;
use std::time::Duration;

use journeyman::config::{AllowList, Secret};
use journeyman::tables::{Location, Ours, Tables, TablesOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, Row as _};
use tempfile::TempDir;

use crate::support::database::block_on;
use crate::support::{mariadb, postgres};

/// Where tables of a test are.
#[derive(Debug)]
pub enum Place {
    Sqlite { path: PathBuf, _dir: Option<TempDir> },
    MariaDb(String),
    Postgres(String),
}

impl Place {
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::Sqlite { path: dir.path().join("app.db"), _dir: Some(dir) }
    }

    pub fn mariadb() -> Self {
        Self::MariaDb(mariadb::shared().fresh_url())
    }

    pub fn postgres() -> Self {
        Self::Postgres(postgres::shared().fresh_url())
    }

    /// A handle as each process has one, on tables that are there.
    pub async fn tables(&self, allow: &str) -> Tables {
        let location = match self {
            Self::Sqlite { path, .. } => Location::File(path.clone()),
            Self::MariaDb(url) | Self::Postgres(url) => {
                Location::Server { url: Secret::new(url.as_str()), masked: url.clone() }
            }
        };
        let tables = Tables::new(TablesOptions {
            location,
            allow: AllowList::read(allow).unwrap(),
            connections: 5,
            timeout: Duration::from_secs(30),
        });
        tables.migrate(Ours::Examples).await.unwrap();
        tables
    }

    /// The one number that a query tells.
    pub fn number(&self, query: &str) -> i64 {
        match self {
            Self::Sqlite { path, .. } => {
                let file = rusqlite::Connection::open(path).unwrap();
                file.query_row(query, [], |row| row.get(0)).unwrap()
            }
            Self::MariaDb(url) => block_on(async {
                let mut link = MySqlConnection::connect(url).await.unwrap();
                let query = AssertSqlSafe(format!("SELECT CAST(({query}) AS SIGNED)"));
                link.fetch_one(sqlx::query(query)).await.unwrap().get(0)
            }),
            Self::Postgres(url) => block_on(async {
                let mut link = PgConnection::connect(url).await.unwrap();
                let query = AssertSqlSafe(format!("SELECT CAST(({query}) AS BIGINT)"));
                link.fetch_one(sqlx::query(query)).await.unwrap().get(0)
            }),
        }
    }

    /// Runs statements by hand; whether the database took them.
    pub fn takes(&self, statements: &str) -> bool {
        match self {
            Self::Sqlite { path, .. } => rusqlite::Connection::open(path).unwrap().execute_batch(statements).is_ok(),
            Self::MariaDb(url) => block_on(async {
                let mut link = MySqlConnection::connect(url).await.unwrap();
                link.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await.is_ok()
            }),
            Self::Postgres(url) => block_on(async {
                let mut link = PgConnection::connect(url).await.unwrap();
                link.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await.is_ok()
            }),
        }
    }
}

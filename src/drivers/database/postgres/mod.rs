//! PostgreSQL 13 or newer.

mod durability;
mod listener;

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgDatabaseError, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Postgres, Row as _};

pub(super) use durability::durability;
pub(super) use listener::listen;

use super::fault::{Fault, NO_TABLES};
use super::link::{Connector, Link, Row, speaks_sqlx};
use super::statements::Statement;
use super::value::{Column, Value};

/// How to connect.
#[derive(Debug)]
pub(super) struct PgConnector {
    pub(super) options: PgConnectOptions,
    /// Longest a statement may take: a call gives up then, and nobody else would stop it.
    pub(super) statement_timeout: Duration,
}

impl PgConnector {
    pub(super) fn new(url: &str, statement_timeout: Duration) -> Result<Self, sqlx::Error> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("journeyman").disable_statement_logging();
        Ok(Self { options, statement_timeout })
    }

    /// A connection without limits of time, for migrations.
    pub(super) async fn open_unhurried(&self) -> Result<PgConnection, Fault> {
        self.options.connect().await.map_err(|error| judged(&error))
    }

    /// A connection with the settings of every session.
    pub(super) async fn open(&self) -> Result<PgConnection, Fault> {
        let mut connection = self.open_unhurried().await?;
        let longest = self.statement_timeout.as_millis().max(1);
        // Every statement has an index to go by. Without statistics, as in a new database, the planner would rather read
        // whole tables, and keep the plan when they have grown.
        let settings = format!(
            "SET default_transaction_isolation = 'read committed'; SET statement_timeout = {longest}; \
             SET idle_in_transaction_session_timeout = {longest}; SET enable_seqscan = off; \
             SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
        );
        connection.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await.map_err(|error| judged(&error))?;
        Ok(connection)
    }
}

/// Keeps others from migrating as long as the connection lasts; waits for whoever does.
pub(super) async fn lock_tables(connection: &mut PgConnection) -> Result<(), Fault> {
    let lock = "SELECT pg_advisory_lock(hashtextextended('journeyman ' || current_schema(), 0))";
    connection.execute(sqlx::raw_sql(lock)).await.map_err(|error| judged(&error))?;
    Ok(())
}

/// The number that `server_version_num` begins with.
const OLDEST: i64 = 130_000;

static VERSION: LazyLock<Statement> = LazyLock::new(|| {
    Statement::numbered("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
});

/// Refuses a server that lacks what the statements need.
pub(super) async fn check_version(link: &mut dyn Link) -> Result<(), Fault> {
    let rows = link.rows(&VERSION, &[]).await?;
    match rows.first() {
        Some(row) if row.int(0)? < OLDEST => {
            Err(Fault::Refused(format!("PostgreSQL is version {}: 13 or newer is needed", row.text(1)?)))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Connector for PgConnector {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        Ok(Box::new(PgLink(self.open().await?)))
    }
}

struct PgLink(PgConnection);

speaks_sqlx!(PgLink, PgRow);

fn bound<'q>(statement: &'static Statement, values: &[Value<'_>]) -> Query<'q, Postgres, PgArguments> {
    let mut query = sqlx::query(statement.text);
    for value in values {
        query = match value {
            Value::Int(int) => query.bind(*int),
            Value::Text(text) => query.bind(*text),
            Value::Bytes(bytes) => query.bind(*bytes),
            Value::Id(id) => query.bind(id.as_uuid()),
            Value::Rows(rows) => rows.0.iter().fold(query, |query, column| match column {
                Column::Ids(ids) => query.bind(ids.iter().map(|id| id.as_uuid()).collect::<Vec<_>>()),
                Column::Ints(ints) => query.bind(ints),
                Column::Texts(texts) => query.bind(texts),
                Column::Bytes(column) => query.bind(column.iter().map(|bytes| &bytes[..]).collect::<Vec<_>>()),
            }),
        };
    }
    query
}

/// What an error lets a caller do.
pub(super) fn judged(error: &sqlx::Error) -> Fault {
    let sqlx::Error::Database(refusal) = error else { return Fault::of_client(error) };
    let said = refusal.message().to_owned();
    match refusal.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::code).unwrap_or_default() {
        // Serialization failure; deadlock; lock not available; a key that another took a moment ago.
        "40001" | "40P01" | "55P03" | "23505" => Fault::Contended(said),
        // The server stops, or its connection was ended for it; connection exceptions.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "08000" | "08003" | "08006" => Fault::Lost(said),
        // Read only, as a standby is.
        "25006" => Fault::Demoted(said),
        // Cancelled, by the timeout most likely; too many connections; no memory.
        "57014" | "53300" | "53200" | "53000" => Fault::Unavailable(said),
        "53100" => Fault::Full(said),
        "42P01" | "42703" => Fault::Refused(format!("{NO_TABLES} ({said})")),
        _ => Fault::Refused(said),
    }
}

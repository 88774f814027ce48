//! PostgreSQL 13 or newer.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgDatabaseError, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection, Postgres, Row as _};

use super::link::Link;
use crate::tables::dialect::Dialect;
use crate::tables::fault::Fault;
use crate::tables::session::{Read, Session, Value};

/// How to connect.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    Ok(options.application_name("journeyman-tables").disable_statement_logging())
}

/// The settings of every session.
pub(super) async fn prepare(connection: &mut PgConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let longest = timeout.as_millis().max(1);
    let settings = format!(
        "SET default_transaction_isolation = 'read committed'; SET statement_timeout = {longest}; \
         SET idle_in_transaction_session_timeout = {longest}"
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await?;
    Ok(())
}

/// Keeps others from creating tables as long as the connection lasts; waits for whoever does.
pub(super) async fn lock_tables(connection: &mut PgConnection) -> Result<(), Fault> {
    let lock = "SELECT pg_advisory_lock(hashtextextended('journeyman tables ' || current_schema(), 0))";
    connection.execute(sqlx::raw_sql(lock)).await.map_err(|error| judged(&error))?;
    Ok(())
}

pub(super) struct PgLink(pub(super) PoolConnection<Postgres>);

impl PgLink {
    async fn say(&mut self, words: &'static str) -> Result<(), Fault> {
        self.0.execute(sqlx::raw_sql(words)).await.map_err(|error| judged(&error))?;
        Ok(())
    }
}

#[async_trait]
impl Session for PgLink {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Fault> {
        let done = self.0.execute(bound(sql, values)).await.map_err(|error| judged(&error))?;
        Ok(done.rows_affected())
    }

    async fn rows(&mut self, sql: &str, values: &[Value], columns: &[Read]) -> Result<Vec<Vec<Value>>, Fault> {
        let rows = self.0.fetch_all(bound(sql, values)).await.map_err(|error| judged(&error))?;
        rows.iter().map(|row| columns.iter().enumerate().map(|(at, column)| read(row, at, *column)).collect()).collect()
    }
}

#[async_trait]
impl Link for PgLink {
    async fn begin(&mut self) -> Result<(), Fault> {
        self.say("BEGIN").await
    }

    async fn commit(&mut self) -> Result<(), Fault> {
        self.say("COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), Fault> {
        self.say("ROLLBACK").await
    }

    fn close(&mut self) {
        self.0.close_on_drop();
    }

    fn session(&mut self) -> &mut dyn Session {
        self
    }
}

fn bound<'q>(sql: &str, values: &[Value]) -> Query<'q, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(Dialect::Postgres.numbered(sql)));
    values.iter().fold(query, |query, value| match value {
        Value::Null => query.bind(None::<String>),
        Value::Int(int) => query.bind(*int),
        Value::Text(text) => query.bind(text.clone()),
    })
}

fn read(row: &PgRow, at: usize, column: Read) -> Result<Value, Fault> {
    let value = match column {
        Read::Int => row.try_get_unchecked::<Option<i64>, _>(at).map(|int| int.map(Value::Int)),
        Read::Text => row.try_get_unchecked::<Option<String>, _>(at).map(|text| text.map(Value::Text)),
    };
    value.map(|value| value.unwrap_or(Value::Null)).map_err(Fault::unreadable)
}

/// What an error lets a job do.
pub(super) fn judged(error: &sqlx::Error) -> Fault {
    let sqlx::Error::Database(refusal) = error else { return Fault::Passing(error.to_string()) };
    let said = refusal.message().to_owned();
    match refusal.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::code).unwrap_or_default() {
        // Serialization failure; deadlock; lock not available.
        "40001" | "40P01" | "55P03" => Fault::Contended(said),
        "23505" => Fault::Duplicate(said),
        // Cancelled by the timeout; read only; idle too long in a transaction.
        "57014" | "25006" | "25P03" => Fault::Passing(said),
        "42P01" => Fault::Refused(format!("{said}; {}", super::migrations::HINT)),
        // Connections, resources, shutdowns, the system below.
        code if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => Fault::Passing(said),
        _ => Fault::Refused(said),
    }
}

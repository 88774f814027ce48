//! MySQL 8 and MariaDB 10.6 or newer.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlDatabaseError, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, MySql, MySqlConnection, Row as _};

use super::link::Link;
use crate::tables::dialect::Dialect;
use crate::tables::fault::Fault;
use crate::tables::session::{Read, Session, Value};

/// Longest silence of a connection, seconds, after which the server closes it: twice what the pool keeps one idle.
const SILENCE: u64 = 2 * super::IDLE.as_secs();

/// How to connect.
pub(super) fn options(url: &str) -> Result<MySqlConnectOptions, sqlx::Error> {
    // To sqlx the one is the other.
    let options: MySqlConnectOptions = url.replacen("mariadb://", "mysql://", 1).parse()?;
    Ok(options.disable_statement_logging())
}

/// The settings of every session: no value is ever bent to fit, and the server's word about a lock comes first.
pub(super) async fn prepare(connection: &mut MySqlConnection, timeout: Duration) -> Result<(), sqlx::Error> {
    let (lock_wait, abandoned) = ((timeout / 2).as_secs().max(1), timeout.as_secs().max(1));
    // What a process locked that then vanished is free again soon, rather than after the 8 hours that are usual.
    let settings = format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION innodb_lock_wait_timeout = {lock_wait}, SESSION wait_timeout = {SILENCE} \
         /*M!, SESSION idle_transaction_timeout = {abandoned} */; \
         SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
    );
    connection.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await?;
    Ok(())
}

/// Longest wait for another process that creates the tables, seconds.
const MIGRATION_WAIT: u32 = 60;

/// Keeps others from creating tables as long as the connection lasts; waits for whoever does.
pub(super) async fn lock_tables(connection: &mut MySqlConnection) -> Result<(), Fault> {
    let lock = format!("SELECT GET_LOCK(CONCAT('journeyman_t_', MD5(DATABASE())), {MIGRATION_WAIT})");
    let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(lock))).await.map_err(|error| judged(&error))?;
    match read(&row, 0, Read::Int)? {
        Value::Int(1) => Ok(()),
        _ => Err(Fault::Passing("another process has been creating the tables for long".into())),
    }
}

pub(super) struct MySqlLink(pub(super) PoolConnection<MySql>);

impl MySqlLink {
    async fn say(&mut self, words: &'static str) -> Result<(), Fault> {
        self.0.execute(sqlx::raw_sql(words)).await.map_err(|error| judged(&error))?;
        Ok(())
    }
}

#[async_trait]
impl Session for MySqlLink {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
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
impl Link for MySqlLink {
    async fn begin(&mut self) -> Result<(), Fault> {
        self.say("START TRANSACTION").await
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

fn bound<'q>(sql: &str, values: &[Value]) -> Query<'q, MySql, MySqlArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.iter().fold(query, |query, value| match value {
        Value::Null => query.bind(None::<String>),
        Value::Int(int) => query.bind(*int),
        Value::Text(text) => query.bind(text.clone()),
    })
}

fn read(row: &MySqlRow, at: usize, column: Read) -> Result<Value, Fault> {
    // Unchecked: the catalogue's columns are of various types that read as these.
    let value = match column {
        Read::Int => row.try_get_unchecked::<Option<i64>, _>(at).map(|int| int.map(Value::Int)),
        Read::Text => row.try_get_unchecked::<Option<String>, _>(at).map(|text| text.map(Value::Text)),
    };
    value.map(|value| value.unwrap_or(Value::Null)).map_err(Fault::unreadable)
}

/// What an error lets a job do.
pub(super) fn judged(error: &sqlx::Error) -> Fault {
    let sqlx::Error::Database(refusal) = error else { return Fault::Passing(error.to_string()) };
    let said = refusal.message();
    match refusal.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number) {
        // Deadlock; lock wait timeout; changed since last read (MariaDB's snapshot isolation); the statement was killed, or
        // has to be prepared anew; another member of the group was first.
        Some(1213 | 1205 | 1020 | 1317 | 1615 | 3101) => Fault::Contended(said.to_owned()),
        // The message holds the value; the key's name says enough.
        Some(1062) => Fault::Duplicate(said.split_once(" for key ").map_or("its key", |(_, key)| key).to_owned()),
        // Shut down, killed, idle for too long; an error of COMMIT or ROLLBACK itself; too many connections; read only; timeouts; full; not part of its cluster now.
        Some(
            1053 | 1927 | 1152 | 3169 | 1159 | 4031 | 1180 | 1181 | 1040 | 1203 | 1226 | 1290 | 1792 | 1836 | 1969
            | 3024 | 1047 | 1114 | 1021 | 1041 | 3675,
        ) => Fault::Passing(said.to_owned()),
        Some(1146) => Fault::Refused(format!("{said}; {}", super::migrations::HINT)),
        _ => Fault::Refused(said.to_owned()),
    }
}

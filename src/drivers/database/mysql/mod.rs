//! MySQL 8 and MariaDB 10.6 or newer.

mod durability;
mod rows;

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, MySql, Row as _};

pub(super) use durability::durability;

use super::fault::{Fault, NO_TABLES};
use super::link::{Connector, Link, Row, speaks_sqlx};
use super::pool::IDLE;
use super::statements::Statement;
use super::value::Value;
use rows::Encoded;

/// Longest wait for another process that migrates, seconds.
const MIGRATION_WAIT: u32 = 600;

/// Longest silence of a connection, seconds, after which the server closes it: twice what the pool keeps one idle.
const SILENCE: u64 = 2 * IDLE.as_secs();

/// How to connect.
#[derive(Debug)]
pub(super) struct MySqlConnector {
    pub(super) options: MySqlConnectOptions,
    /// Longest wait for a lock: less than a call may take, so that the server's word comes first.
    pub(super) lock_wait: Duration,
}

impl MySqlConnector {
    pub(super) fn new(url: &str, lock_wait: Duration) -> Result<Self, sqlx::Error> {
        // To sqlx the one is the other.
        let url = url.replacen("mariadb://", "mysql://", 1);
        let options: MySqlConnectOptions = url.parse()?;
        Ok(Self { options: options.disable_statement_logging(), lock_wait })
    }

    /// A connection with the settings of every session.
    pub(super) async fn open(&self) -> Result<MySqlConnection, Fault> {
        let mut connection = self.options.connect().await.map_err(|error| judged(&error))?;
        // A process that vanished leaves its transaction open, and its jobs locked, until the server gives up on it: after
        // 8 hours, if nobody says otherwise. MariaDB tells a transaction from a connection that merely waits.
        let (lock_wait, abandoned) = (self.lock_wait.as_secs().max(1), (self.lock_wait * 2).as_secs().max(1));
        let settings = format!(
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
             SET SESSION innodb_lock_wait_timeout = {lock_wait}, SESSION wait_timeout = {SILENCE} \
             /*M!, SESSION idle_transaction_timeout = {abandoned} */"
        );
        connection.execute(sqlx::raw_sql(AssertSqlSafe(settings))).await.map_err(|error| judged(&error))?;
        Ok(connection)
    }
}

/// Keeps others from migrating as long as the connection lasts; waits for whoever does.
pub(super) async fn lock_tables(connection: &mut MySqlConnection) -> Result<(), Fault> {
    let lock = format!("SELECT GET_LOCK(CONCAT('journeyman_', MD5(DATABASE())), {MIGRATION_WAIT})");
    let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(lock))).await.map_err(|error| judged(&error))?;
    match row.maybe_int(0)? {
        Some(1) => Ok(()),
        _ => Err(Fault::Unavailable("another process has been migrating the database for long".into())),
    }
}

static VERSION: LazyLock<Statement> = LazyLock::new(|| Statement::numbered("SELECT VERSION()"));

/// Refuses a server that lacks what the statements need: SKIP LOCKED and JSON_TABLE.
pub(super) async fn check_version(link: &mut dyn Link) -> Result<(), Fault> {
    let rows = link.rows(&VERSION, &[]).await?;
    let version = rows.first().map_or(Ok(String::new()), |row| row.text(0))?;
    match too_old(&version) {
        Some(why) => Err(Fault::Refused(why)),
        None => Ok(()),
    }
}

/// Some say first which old version they can pass for: `5.5.5-10.11.19-MariaDB`.
fn too_old(version: &str) -> Option<String> {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse::<u32>().ok());
    let found = (numbers.next()?, numbers.next().unwrap_or(0));
    let (name, oldest) = if version.contains("MariaDB") { ("MariaDB", (10, 6)) } else { ("MySQL", (8, 0)) };
    let is_too_old = found < oldest;
    is_too_old.then(|| format!("{name} is version {version}: {}.{} or newer is needed", oldest.0, oldest.1))
}

#[async_trait]
impl Connector for MySqlConnector {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        Ok(Box::new(MySqlLink(self.open().await?)))
    }
}

struct MySqlLink(MySqlConnection);

speaks_sqlx!(MySqlLink, MySqlRow);

/// A value as this protocol takes it.
enum Given<'a> {
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

fn bound<'q>(statement: &'static Statement, values: &[Value<'_>]) -> Query<'q, MySql, MySqlArguments> {
    let encoded: Vec<Option<Encoded>> =
        values.iter().map(|value| if let Value::Rows(rows) = value { Some(Encoded::of(rows)) } else { None }).collect();
    let mut given = Vec::with_capacity(values.len() + 1);
    for (value, encoded) in values.iter().zip(&encoded) {
        match (value, encoded) {
            (Value::Int(int), _) => given.push(Given::Int(*int)),
            (Value::Text(text), _) => given.push(Given::Text(text)),
            (Value::Bytes(bytes), _) => given.push(Given::Bytes(bytes)),
            (Value::Id(id), _) => given.push(Given::Bytes(id.as_bytes())),
            (Value::Rows(_), Some(encoded)) => {
                given.push(Given::Text(&encoded.json));
                given.push(Given::Bytes(&encoded.bytes));
            }
            (Value::Rows(_), None) => {}
        }
    }
    let mut query = sqlx::query(statement.text);
    for value in statement.order.iter().filter_map(|&number| given.get(number)) {
        query = match value {
            Given::Int(int) => query.bind(*int),
            Given::Text(text) => query.bind(*text),
            Given::Bytes(bytes) => query.bind(*bytes),
        };
    }
    query
}

/// What an error lets a caller do.
pub(super) fn judged(error: &sqlx::Error) -> Fault {
    let sqlx::Error::Database(refusal) = error else { return Fault::of_client(error) };
    let number = refusal.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    judged_by(number.unwrap_or_default(), refusal.message().to_owned())
}

fn judged_by(number: u16, said: String) -> Fault {
    match number {
        // Deadlock; lock wait timeout; record changed since last read (MariaDB's snapshot isolation); a key that another
        // took a moment ago; the statement was killed, or has to be prepared anew; another member of the group was first.
        1213 | 1205 | 1020 | 1062 | 1317 | 1615 | 3101 => Fault::Contended(said),
        // Shutdown; connection killed; shut down while waiting; idle for too long, as MariaDB and as MySQL says it; an
        // error during COMMIT or ROLLBACK, after which nobody can tell what is in.
        1053 | 1927 | 1152 | 3169 | 1159 | 4031 | 1180 | 1181 => Fault::Lost(said),
        // Read only: by option, by the transaction's mode, by the server's; not part of its cluster now.
        1290 | 1792 | 1836 | 1047 => Fault::Demoted(said),
        // Too many connections, of all or of this user; statement timeouts.
        1040 | 1203 | 1226 | 1969 | 3024 => Fault::Unavailable(said),
        // Table full; disk full; no space left in a tablespace or for a log.
        1114 | 1021 | 1041 | 3675 => Fault::Full(said),
        1146 | 1054 => Fault::Refused(format!("{NO_TABLES} ({said})")),
        _ => Fault::Refused(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R35: what passes by itself is no error of the request.
    #[test]
    fn an_error_is_judged_by_what_helps_against_it() {
        let judged = |number| judged_by(number, String::new());
        for met_others in [1213, 1205, 1317, 1615, 3101] {
            assert!(matches!(judged(met_others), Fault::Contended(_)), "{met_others}");
        }
        for lost in [1053, 1927, 1159, 4031, 1180] {
            assert!(matches!(judged(lost), Fault::Lost(_)), "{lost}");
        }
        for demoted in [1290, 1792, 1836, 1047] {
            assert!(matches!(judged(demoted), Fault::Demoted(_)), "{demoted}");
        }
        assert!(matches!(judged(1040), Fault::Unavailable(_)));
        assert!(matches!(judged(1064), Fault::Refused(_)));
    }

    #[test]
    fn r33_a_server_that_is_too_old_is_told_by_name() {
        for fine in
            ["8.0.36", "8.4.0-log", "10.6.0-MariaDB", "5.5.5-10.11.19-MariaDB-0+deb12u1", "11.4.2-MariaDB", "odd"]
        {
            assert_eq!(too_old(fine), None, "{fine}");
        }
        let told = too_old("10.5.23-MariaDB").unwrap();
        assert_eq!(told, "MariaDB is version 10.5.23-MariaDB: 10.6 or newer is needed");
        assert!(too_old("5.7.44-log").unwrap().starts_with("MySQL is version 5.7.44-log: 8.0"));
    }
}

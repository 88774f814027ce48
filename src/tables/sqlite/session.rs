//! The writer's transaction as a session.

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use crate::tables::dialect::Dialect;
use crate::tables::fault::Fault;
use crate::tables::session::{Read, Session, Value};

/// Never waits: each call does its work before it returns.
#[derive(Debug)]
pub(super) struct SqliteSession<'c>(pub(super) &'c mut Connection);

#[async_trait]
impl Session for SqliteSession<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Fault> {
        let met = self.0.prepare_cached(sql)?.execute(params_from_iter(values))?;
        Ok(met as u64)
    }

    async fn rows(&mut self, sql: &str, values: &[Value], columns: &[Read]) -> Result<Vec<Vec<Value>>, Fault> {
        let mut statement = self.0.prepare_cached(sql)?;
        let read = |row: &Row<'_>| (0..columns.len()).map(|at| row.get_ref(at).map(value)).collect();
        let rows = statement.query_map(params_from_iter(values), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn value(of_column: ValueRef<'_>) -> Value {
    match of_column {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Real(real) => Value::Text(real.to_string()),
        ValueRef::Text(text) | ValueRef::Blob(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

//! From what a job asks for to statements: names from the allow-list alone, values bound.

use std::collections::BTreeMap;

use journeyman_job::RawJson;

use super::{DatabaseOperation, Operation};
use crate::config::AllowList;
use crate::tables::column::Column;
use crate::tables::dialect::Dialect;
use crate::tables::fault::Fault;
use crate::tables::session::{Session, Value};

/// A statement and what it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

/// The statements of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    first: Statement,
    /// Runs where the first has met no row.
    otherwise: Option<Statement>,
}

/// Refuses what can be refused without a look at the database.
pub(super) fn check(operation: &DatabaseOperation, allow: &AllowList) -> Result<(), Fault> {
    use Operation::{Delete, Increment, Insert, Update, Upsert};
    if allow.is_empty() {
        let off = "database operations are off: name the tables and columns that jobs may touch in the setting \
                   tables.allow (TABLES_ALLOW)";
        return Err(Fault::Refused(off.to_owned()));
    }
    let DatabaseOperation { operation: verb, collection, data, filter } = operation;
    let Some(table) = allow.table(collection) else {
        let known: Vec<&str> = allow.names().collect();
        let rule = format!("{collection:?} is no table that jobs may touch; those are {}", known.join(", "));
        return Err(Fault::of_field("/collection", rule));
    };
    for (place, names) in [("data", data), ("filter", filter)] {
        if let Some(name) = names.keys().find(|name| !table.columns.contains(name)) {
            let rule =
                format!("is no column that jobs may touch; of {collection} those are {}", table.columns.join(", "));
            return Err(Fault::of_field(&format!("/{place}/{name}"), rule));
        }
    }
    if let Some(name) = data.keys().find(|name| *verb == Upsert && filter.contains_key(*name)) {
        return Err(Fault::of_field(&format!("/data/{name}"), "is in filter, too: give it there alone"));
    }
    match verb {
        Update | Upsert | Delete | Increment if filter.is_empty() => {
            Err(Fault::of_field("/filter", "is empty: say which rows are meant, or all of them would be"))
        }
        Insert if !filter.is_empty() => Err(Fault::of_field("/filter", "an insert finds no rows: leave it out")),
        Delete if !data.is_empty() => Err(Fault::of_field("/data", "a delete writes nothing: leave it out")),
        Insert | Update | Upsert | Increment if data.is_empty() => {
            Err(Fault::of_field("/data", "is empty: there is nothing to write"))
        }
        _ => Ok(()),
    }
}

/// Columns of one place with what to bind.
type Bound<'a> = Vec<(&'a Column, Value)>;
/// How a column takes a value.
type Take = fn(&Column, &RawJson, Dialect) -> Result<Value, String>;

impl Plan {
    pub(super) fn new(
        operation: &DatabaseOperation,
        allow: &AllowList,
        columns: &[Column],
        dialect: Dialect,
    ) -> Result<Self, Fault> {
        check(operation, allow)?;
        let DatabaseOperation { operation: verb, collection, data, filter } = operation;
        let bind = |place: &str, given, take| bound(place, given, take, columns, dialect);
        let table = dialect.quoted(collection);
        let found = bind("filter", filter, Column::compared)?;
        let alone = |first| Ok(Self { first, otherwise: None });
        match verb {
            Operation::Insert => alone(insert(&table, bind("data", data, Column::written)?, dialect)),
            Operation::Update => alone(update(&table, bind("data", data, Column::written)?, found, dialect)),
            Operation::Delete => alone(delete(&table, found, dialect)),
            Operation::Increment => alone(increment(&table, bind("data", data, Column::added)?, found, dialect)),
            Operation::Upsert => {
                let written = bind("data", data, Column::written)?;
                let row = [bind("filter", filter, Column::written)?, written.clone()].concat();
                let otherwise = Some(insert(&table, row, dialect));
                Ok(Self { first: update(&table, written, found, dialect), otherwise })
            }
        }
    }

    /// The number of rows met. Rows that already held what was written count too, on every database.
    pub(super) async fn run(&self, session: &mut dyn Session) -> Result<u64, Fault> {
        let met = session.run(&self.first.sql, &self.first.values).await?;
        match &self.otherwise {
            Some(otherwise) if met == 0 => session.run(&otherwise.sql, &otherwise.values).await,
            _ => Ok(met),
        }
    }
}

fn bound<'a>(
    place: &str,
    given: &BTreeMap<String, RawJson>,
    take: Take,
    columns: &'a [Column],
    dialect: Dialect,
) -> Result<Bound<'a>, Fault> {
    let bind = |(name, json): (&String, &RawJson)| {
        let pointer = format!("/{place}/{name}");
        let column = columns.iter().find(|column| column.name == *name);
        let column = column.ok_or_else(|| Fault::of_field(&pointer, "the table has no such column"))?;
        let value = take(column, json, dialect).map_err(|rule| Fault::of_field(&pointer, rule))?;
        Ok((column, value))
    };
    given.iter().map(bind).collect()
}

fn insert(table: &str, row: Bound<'_>, dialect: Dialect) -> Statement {
    let names: Vec<String> = row.iter().map(|(column, _)| dialect.quoted(&column.name)).collect();
    let places: Vec<String> = row.iter().map(|(column, _)| dialect.place(column)).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    Statement { sql, values: row.into_iter().map(|(_, value)| value).collect() }
}

fn update(table: &str, written: Bound<'_>, found: Bound<'_>, dialect: Dialect) -> Statement {
    change(table, written, found, dialect, |column| dialect.place(column))
}

fn increment(table: &str, added: Bound<'_>, found: Bound<'_>, dialect: Dialect) -> Statement {
    change(table, added, found, dialect, |column| dialect.raised(column))
}

fn change(
    table: &str,
    written: Bound<'_>,
    found: Bound<'_>,
    dialect: Dialect,
    becomes: impl Fn(&Column) -> String,
) -> Statement {
    let set = |column: &Column| format!("{} = {}", dialect.quoted(&column.name), becomes(column));
    let sets: Vec<String> = written.iter().map(|(column, _)| set(column)).collect();
    let (condition, conditions) = condition(found, dialect);
    let values = written.into_iter().map(|(_, value)| value).chain(conditions).collect();
    Statement { sql: format!("UPDATE {table} SET {} WHERE {condition}", sets.join(", ")), values }
}

fn delete(table: &str, found: Bound<'_>, dialect: Dialect) -> Statement {
    let (condition, values) = condition(found, dialect);
    Statement { sql: format!("DELETE FROM {table} WHERE {condition}"), values }
}

/// NULL is like nothing, itself included, so it is asked for in words.
fn condition(found: Bound<'_>, dialect: Dialect) -> (String, Vec<Value>) {
    let parts: Vec<String> = found
        .iter()
        .map(|(column, value)| match value {
            Value::Null => format!("{} IS NULL", dialect.quoted(&column.name)),
            _ => format!("{} = {}", dialect.quoted(&column.name), dialect.compared(column)),
        })
        .collect();
    let values = found.into_iter().map(|(_, value)| value).filter(|value| *value != Value::Null).collect();
    (parts.join(" AND "), values)
}

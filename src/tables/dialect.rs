//! Where the databases differ in words.

use super::column::{Column, Kind};

/// The language of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    /// MySQL and MariaDB.
    MySql,
    Postgres,
}

impl Dialect {
    /// What keeps a row for this transaction. SQLite keeps the whole file from the transaction's first word.
    pub(super) fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::MySql | Self::Postgres => " FOR UPDATE",
        }
    }

    /// What makes an insert let a row be that is there. Never `INSERT IGNORE`: on MySQL it takes a shared lock that two
    /// transactions can then both not turn into their own.
    pub(super) fn or_leave(self, key: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => format!(" ON CONFLICT ({key}) DO NOTHING"),
            Self::MySql => format!(" ON DUPLICATE KEY UPDATE {key} = {key}"),
        }
    }

    /// A name from the allow-list, which holds nothing that would need escaping.
    pub(super) fn quoted(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => format!("\"{name}\""),
            Self::MySql => format!("`{name}`"),
        }
    }

    /// Lists name, type and digits after the point of a table's columns; takes the table.
    pub(super) fn columns(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT name, type, NULL FROM pragma_table_info(?)",
            Self::MySql => {
                "SELECT column_name, column_type, numeric_scale FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND table_name = ?"
            }
            // Without a length: a cast to varchar(3) would cut what an assignment refuses.
            Self::Postgres => {
                "SELECT attname::text, format_type(atttypid, -1), \
                 CASE WHEN atttypid = 'numeric'::regtype AND atttypmod >= 4 THEN ((atttypmod - 4) & 2047)::bigint END \
                 FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(?)) AND attnum > 0 AND NOT attisdropped"
            }
        }
    }

    /// A place for a value of a column. PostgreSQL wants to be told what a text is meant as; the type's name is from its
    /// own catalogue.
    pub(super) fn place(self, column: &Column) -> String {
        match self {
            Self::Sqlite | Self::MySql => "?".to_owned(),
            Self::Postgres => format!("CAST(? AS {})", column.type_name),
        }
    }

    /// The same for a comparison. MySQL would compare a decimal with a text as floats.
    pub(super) fn compared(self, column: &Column) -> String {
        match (self, column.kind) {
            (Self::MySql, Kind::Decimal { .. }) => "CAST(? AS DECIMAL(65, 20))".to_owned(),
            _ => self.place(column),
        }
    }

    /// A column's value raised by what is given; a NULL counts as nothing.
    pub(super) fn raised(self, column: &Column) -> String {
        let (name, place) = (self.quoted(&column.name), self.place(column));
        let raised = format!("COALESCE({name}, 0) + {place}");
        match (self, column.kind) {
            // Past 64 bits SQLite would go on in floats; the smallest number has no absolute value, and it says so.
            (Self::Sqlite, Kind::Integer) => format!(
                "(SELECT CASE typeof(sum) WHEN 'integer' THEN sum ELSE abs(-9223372036854775808) END \
                 FROM (SELECT {raised} AS sum))"
            ),
            // The text of a decimal would make MySQL add floats.
            (Self::MySql, Kind::Decimal { .. }) => format!("COALESCE({name}, 0) + CAST(? AS DECIMAL(65, 20))"),
            _ => raised,
        }
    }

    /// The statement with its places as this database wants them. No text of ours holds another question mark.
    pub(super) fn numbered(self, sql: &str) -> String {
        if self != Self::Postgres {
            return sql.to_owned();
        }
        let mut pieces = sql.split('?');
        let mut numbered = pieces.next().unwrap_or_default().to_owned();
        for (place, piece) in pieces.enumerate() {
            numbered.push_str(&format!("${}{piece}", place + 1));
        }
        numbered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_for_postgres_alone() {
        assert_eq!(Dialect::Postgres.numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(Dialect::MySql.numbered("a = ? AND b = ?"), "a = ? AND b = ?");
    }
}

//! Columns as the database describes them, and which JSON values fit them.
//!
//! What a column takes is decided here and not by the database: MySQL would compare a text column with the number 0 and
//! find every row.

use journeyman_job::RawJson;

use super::dialect::Dialect;
use super::fault::Fault;
use super::session::Value;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    /// Digits after the point, if the column limits them.
    Decimal {
        scale: Option<u32>,
    },
    Float,
    Boolean,
    Text,
    Json,
    /// Times, UUIDs and what else is written as a text and read by the database.
    Other,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) kind: Kind,
}

impl Column {
    /// Takes up what [`Dialect::columns`] has listed.
    pub(super) fn listed(row: &[Value]) -> Result<Self, Fault> {
        match row {
            [Value::Text(name), Value::Text(type_name), scale] => {
                let scale = scale.int().ok().and_then(|scale| u32::try_from(scale).ok());
                Ok(Self { name: name.clone(), type_name: type_name.clone(), kind: Kind::of(type_name, scale) })
            }
            other => Err(Fault::unreadable(format_args!("the description of a column: {other:?}"))),
        }
    }

    /// What to bind for a value to write, or the rule that it breaks.
    pub(super) fn written(&self, json: &RawJson, dialect: Dialect) -> Result<Value, String> {
        let text = json.get();
        if text == "null" {
            return Ok(Value::Null);
        }
        let refuse = |wanted: &str| Err(format!("the column takes {wanted}"));
        let string = json.decode::<String>().ok();
        if string.as_ref().is_some_and(|string| string.contains('\0')) {
            return Err("a text with a NUL in it fits no column".to_owned());
        }
        match self.kind {
            Kind::Integer => match text.parse() {
                Ok(int) => Ok(Value::Int(int)),
                Err(_) => refuse("a whole number that fits 64 bits"),
            },
            Kind::Decimal { scale } => {
                let number = string.unwrap_or_else(|| text.to_owned());
                let Some(digits) = digits_after_point(&number) else {
                    return refuse("a decimal number without an exponent");
                };
                match scale {
                    Some(scale) if digits > scale => {
                        Err(format!("the column keeps {scale} digits after the point, and nothing is rounded"))
                    }
                    _ => Ok(Value::Text(number)),
                }
            }
            Kind::Float if json.decode::<f64>().is_ok() => Ok(Value::text(text)),
            Kind::Float => refuse("a number"),
            Kind::Boolean => match (text, dialect) {
                ("true" | "false", Dialect::Postgres) => Ok(Value::text(text)),
                ("true" | "1", Dialect::Sqlite | Dialect::MySql) => Ok(Value::Int(1)),
                ("false" | "0", Dialect::Sqlite | Dialect::MySql) => Ok(Value::Int(0)),
                _ => refuse("true or false"),
            },
            Kind::Json => Ok(Value::text(text)),
            Kind::Text | Kind::Other => match string {
                Some(string) => Ok(Value::Text(string)),
                None => refuse("a string"),
            },
        }
    }

    /// The same for a value to find rows by.
    pub(super) fn compared(&self, json: &RawJson, dialect: Dialect) -> Result<Value, String> {
        match self.kind {
            Kind::Float | Kind::Json if json.get() != "null" => {
                Err("rows cannot be found by such a column: no two of its values are surely the same".to_owned())
            }
            _ => self.written(json, dialect),
        }
    }

    /// The same for a number to add.
    pub(super) fn added(&self, json: &RawJson, dialect: Dialect) -> Result<Value, String> {
        match (self.kind, json.get()) {
            (Kind::Integer | Kind::Decimal { .. } | Kind::Float, "null") => Err("give a number to add".to_owned()),
            (Kind::Integer | Kind::Decimal { .. } | Kind::Float, _) => self.written(json, dialect),
            _ => Err("only a column of numbers can be incremented".to_owned()),
        }
    }
}

impl Kind {
    /// Of a type's name, as any of the databases writes it.
    fn of(type_name: &str, scale: Option<u32>) -> Self {
        let name = type_name.to_ascii_lowercase();
        let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
        if begins(&["bool", "tinyint(1)"]) {
            Self::Boolean
        } else if begins(&["interval"]) {
            Self::Other
        } else if begins(&["int", "bigint", "smallint", "tinyint", "mediumint"]) {
            Self::Integer
        } else if begins(&["decimal", "numeric"]) {
            Self::Decimal { scale: scale.or_else(|| scale_in(&name)) }
        } else if begins(&["double", "float", "real"]) {
            Self::Float
        } else if begins(&["char", "varchar", "nchar", "nvarchar", "bpchar", "citext", "clob"])
            || name.ends_with("text")
        {
            Self::Text
        } else if begins(&["json"]) {
            Self::Json
        } else {
            Self::Other
        }
    }
}

/// Of `decimal(20,4)`; SQLite keeps the words and does not act on them.
fn scale_in(type_name: &str) -> Option<u32> {
    let (_, arguments) = type_name.split_once('(')?;
    let (_, scale) = arguments.trim_end_matches(')').split_once(',')?;
    scale.trim().parse().ok()
}

/// Digits after the point of a plain decimal number.
fn digits_after_point(text: &str) -> Option<u32> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let digits = part.trim_end_matches('0').len();
    (is_number(whole) && is_number(part)).then(|| u32::try_from(digits).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(type_name: &str) -> Column {
        Column::listed(&[Value::text("c"), Value::text(type_name), Value::Null]).unwrap()
    }

    fn written(type_name: &str, json: &str) -> Result<Value, String> {
        column(type_name).written(&RawJson::parse(json.into()).unwrap(), Dialect::MySql)
    }

    #[test]
    fn r42_each_kind_of_column_takes_its_own_kind_of_value() {
        for (type_name, json, bound) in [
            ("bigint(20) unsigned", "9007199254740993", Value::Int(9_007_199_254_740_993)),
            ("DECIMAL(20,4)", "12.3400", Value::text("12.3400")),
            ("numeric", "\"0.000000001\"", Value::text("0.000000001")),
            ("double precision", "1e3", Value::text("1e3")),
            ("tinyint(1)", "true", Value::Int(1)),
            ("character varying", "\"O'Brien\"", Value::text("O'Brien")),
            ("longtext", "\"\"", Value::text("")),
            ("jsonb", "{\"a\": [1]}", Value::text("{\"a\": [1]}")),
            ("timestamp with time zone", "\"2030-01-01\"", Value::text("2030-01-01")),
            ("integer", "null", Value::Null),
        ] {
            assert_eq!(written(type_name, json), Ok(bound), "{type_name} {json}");
        }
    }

    #[test]
    fn r42_a_value_of_another_kind_is_refused_and_never_converted() {
        for (type_name, json) in [
            ("varchar(20)", "0"),
            ("integer", "\"1\""),
            ("integer", "1.0"),
            ("integer", "9223372036854775808"),
            ("decimal(20,4)", "0.00001"),
            ("decimal(20,4)", "1e2"),
            ("boolean", "\"true\""),
            ("text", "\"a\\u0000b\""),
            ("uuid", "7"),
        ] {
            assert!(written(type_name, json).is_err(), "{type_name} {json}");
        }
    }

    #[test]
    fn r42_rows_are_found_only_by_what_can_be_told_apart() {
        let json = RawJson::parse("1.5".into()).unwrap();
        assert!(column("double").compared(&json, Dialect::Sqlite).is_err());
        assert!(column("decimal(4,2)").compared(&json, Dialect::Sqlite).is_ok());
        assert!(column("text").added(&json, Dialect::Sqlite).is_err());
    }
}

//! Amounts of money or credit, exact to four digits after the point.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::RawJson;

/// An exact decimal amount, kept in units of a ten-thousandth.
///
/// In JSON a number (`100`, `-2.5`) or the same as a string (`"100.00"`), up to twelve digits before the point and four
/// behind it. It is read from the text itself and never passes through a float; more digits are refused, not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("{0} is no amount: give a decimal number such as 100 or 12.5, without an exponent")]
    NotDecimal(String),
    #[error("{0} has more than {max} digits after the point, and amounts are never rounded", max = Amount::DIGITS)]
    TooFine(String),
    #[error("{0} has more than {max} digits before the point", max = Amount::WHOLE_DIGITS)]
    TooLarge(String),
    #[error("{0} is not more than 0")]
    NotPositive(Amount),
    #[error("{0} is below 0")]
    Negative(Amount),
    #[error("0 changes nothing")]
    Zero,
}

impl Amount {
    pub const ZERO: Self = Self(0);
    /// Units in one whole.
    pub const UNIT: i64 = 10_000;
    /// Digits after the point.
    pub const DIGITS: usize = 4;
    /// Digits before the point that one amount may have; sums may grow beyond.
    pub const WHOLE_DIGITS: usize = 12;

    /// As many ten-thousandths.
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// Ten-thousandths.
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Itself, if it is more than zero.
    pub fn positive(self) -> Result<Self, AmountError> {
        if self > Self::ZERO { Ok(self) } else { Err(AmountError::NotPositive(self)) }
    }

    /// Itself, if it is not below zero.
    pub fn not_negative(self) -> Result<Self, AmountError> {
        if self >= Self::ZERO { Ok(self) } else { Err(AmountError::Negative(self)) }
    }

    /// Itself, if it is more or less than zero.
    pub fn not_zero(self) -> Result<Self, AmountError> {
        if self == Self::ZERO { Err(AmountError::Zero) } else { Ok(self) }
    }

    /// For `#[serde(deserialize_with)]`: more than zero.
    pub fn read_positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)?.positive().map_err(D::Error::custom)
    }

    /// For `#[serde(deserialize_with)]`: not below zero.
    pub fn read_not_negative<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)?.not_negative().map_err(D::Error::custom)
    }

    /// For `#[serde(deserialize_with)]`: not zero.
    pub fn read_not_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)?.not_zero().map_err(D::Error::custom)
    }

    /// `None` past what 64 bits hold.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// `None` past what 64 bits hold.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let shown = || text.chars().take(40).collect::<String>();
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) {
            return Err(AmountError::NotDecimal(shown()));
        }
        if part.len() > Self::DIGITS {
            return Err(AmountError::TooFine(shown()));
        }
        if whole.len() > Self::WHOLE_DIGITS {
            return Err(AmountError::TooLarge(shown()));
        }
        let digits = format!("{whole}{part:0<width$}", width = Self::DIGITS);
        let units: i64 = digits.parse().map_err(|_| AmountError::TooLarge(shown()))?;
        Ok(Self(sign * units))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, unit) = (self.0.unsigned_abs(), Self::UNIT.unsigned_abs());
        let sign = if self.0 < 0 { "-" } else { "" };
        let part = format!("{:0width$}", units % unit, width = Self::DIGITS);
        match part.trim_end_matches('0') {
            "" => write!(f, "{sign}{}", units / unit),
            part => write!(f, "{sign}{}.{part}", units / unit),
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawJson::parse(self.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = RawJson::deserialize(deserializer)?;
        let text = match written.decode::<Cow<'_, str>>() {
            Ok(text) => text.into_owned(),
            Err(_) => written.get().to_owned(),
        };
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Amount")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        described(&format!("^-?{DIGITS}$"))
    }
}

/// What JSON schemas write for the digits of an amount.
const DIGITS: &str = r"[0-9]{1,12}(\.[0-9]{1,4})?";

fn described(pattern: &str) -> Schema {
    json_schema!({
        "description": "An exact amount: a number, or the same as a string, with at most four digits after the point.",
        "type": ["number", "string"],
        "pattern": pattern,
        "multipleOf": 0.0001,
        "exclusiveMinimum": -1_000_000_000_000_i64,
        "exclusiveMaximum": 1_000_000_000_000_i64,
    })
}

/// For `#[schemars(schema_with)]`, each beside the reading that checks it.
impl Amount {
    pub fn positive_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = described(&format!(r"^(?![0.]+$){DIGITS}$"));
        schema.insert("exclusiveMinimum".to_owned(), 0.into());
        schema
    }

    pub fn not_negative_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = described(&format!(r"^(-(?=[0.]+$))?{DIGITS}$"));
        schema.remove("exclusiveMinimum");
        schema.insert("minimum".to_owned(), 0.into());
        schema
    }

    pub fn not_zero_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = described(&format!(r"^-?(?![0.]+$){DIGITS}$"));
        schema.insert("not".to_owned(), serde_json::json!({"const": 0}));
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Amount, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn r42_amounts_are_exact_whichever_way_they_are_written() {
        for (json, units, shown) in [
            ("100", 1_000_000, "100"),
            ("0.1", 1_000, "0.1"),
            ("-2.50", -25_000, "-2.5"),
            ("\"12.3456\"", 123_456, "12.3456"),
            ("999999999999.9999", 9_999_999_999_999_999, "999999999999.9999"),
            ("-0.0001", -1, "-0.0001"),
            ("-0", 0, "0"),
        ] {
            let amount = read(json).unwrap();
            assert_eq!(amount.units(), units, "{json}");
            assert_eq!(serde_json::to_string(&amount).unwrap(), shown);
        }
        let sum = ["0.1", "0.2"].iter().map(|json| read(json).unwrap().units()).sum();
        assert_eq!(Amount::from_units(sum), read("0.3").unwrap());
    }

    #[test]
    fn r42_what_would_have_to_be_rounded_is_refused() {
        for (json, why) in [
            ("0.00001", "more than 4 digits after the point"),
            ("1000000000000", "more than 12 digits before the point"),
            ("1e2", "no amount"),
            ("\"1,5\"", "no amount"),
            ("\"\"", "no amount"),
            ("\".5\"", "no amount"),
            ("\"+5\"", "no amount"),
            ("null", "no amount"),
            ("[1]", "no amount"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(why), "{json}: {error}");
        }
    }
}

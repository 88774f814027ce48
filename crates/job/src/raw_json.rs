//! JSON kept as the text it came as.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::decode::without_position;
use crate::secret;

/// Any JSON value, kept byte for byte: `[]` stays `[]`, 9007199254740993 stays exact, key order stays.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// Writes `value` as JSON.
    pub fn encode(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// Takes a text that must be one JSON value.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The JSON text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The same as people and strangers may see it: `"[secret]"` in place of every sealed value.
    #[must_use]
    pub fn redacted(self) -> Self {
        match secret::redact(self.get()) {
            Cow::Borrowed(_) => self,
            Cow::Owned(text) => Self::parse(text).unwrap_or_else(|_| Self(RawValue::NULL.to_owned())),
        }
    }

    /// Reads it as `T`, or says what speaks against it; for people, so without a place in a text that they never saw.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.decode().map_err(|error| without_position(&error.to_string()))
    }

    /// Reads it as `T`.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }
}

impl From<Box<RawValue>> for RawJson {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw)
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl JsonSchema for RawJson {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("AnyJson")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

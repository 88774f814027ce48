//! The key by which two jobs are the same work.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use journeyman_job::{RawJson, Unique};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// The stored form of a unique key: 33 characters of `a-z0-9`, whatever the caller wrote.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UniqueKey(String);

impl UniqueKey {
    /// The key of a job of this type and payload.
    pub fn of(unique: &Unique, type_name: &str, data: &RawJson) -> Self {
        match unique {
            Unique::Key(key) => Self::hashed('k', &[key.as_bytes()]),
            Unique::Auto => Self::hashed('a', &[type_name.as_bytes(), &[0], canonical(data).as_bytes()]),
        }
    }

    /// Takes up what a store has kept.
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 128 bits: two different keys never meet.
    fn hashed(kind: char, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        let mut text = String::from(kind);
        for byte in &hash.finalize()[..16] {
            // Writing into memory cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }
}

impl fmt::Display for UniqueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The payload with its members in order and without spaces, so that how it was written does not matter. Numbers keep
/// their text: 1 and 1.0 are two payloads, and no large number is rounded into another.
fn canonical(data: &RawJson) -> String {
    let mut text = String::with_capacity(data.get().len());
    write_canonical(data.get(), &mut text);
    text
}

fn write_canonical(value: &str, text: &mut String) {
    let value = value.trim();
    match value.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(value).unwrap_or_default();
            write_all(text, ['{', '}'], members, |(name, value), text| {
                write_string(&name, text);
                text.push(':');
                write_canonical(value.get(), text);
            });
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(value).unwrap_or_default();
            write_all(text, ['[', ']'], items, |item, text| write_canonical(item.get(), text));
        }
        // One string has many spellings.
        Some(b'"') => write_string(&serde_json::from_str::<String>(value).unwrap_or_default(), text),
        _ => text.push_str(value),
    }
}

fn write_all<T>(
    text: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write_one: impl Fn(T, &mut String),
) {
    text.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_one(item, text);
    }
    text.push(close);
}

fn write_string(value: &str, text: &mut String) {
    // Writing a string into memory cannot fail.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(type_name: &str, data: &str) -> UniqueKey {
        UniqueKey::of(&Unique::Auto, type_name, &RawJson::parse(data.into()).unwrap())
    }

    #[test]
    fn r23_how_a_payload_is_written_does_not_matter() {
        let written = r#"{"b":[1,{"y":null,"x":"A"}],"a":{}}"#;
        let otherwise = "{ \"a\" : { } , \"b\" : [ 1, { \"x\" : \"\\u0041\", \"y\": null } ] }";
        assert_eq!(auto("echo", written), auto("echo", otherwise));
    }

    #[test]
    fn r23_what_a_payload_says_does() {
        let payloads = [
            "[]",
            "{}",
            "[[]]",
            "1",
            "1.0",
            "9007199254740993",
            "9007199254740992",
            r#""1""#,
            "null",
            "[1,2]",
            "[2,1]",
        ];
        for (index, one) in payloads.iter().enumerate() {
            for other in &payloads[index + 1..] {
                assert_ne!(auto("echo", one), auto("echo", other), "{one} {other}");
            }
        }
        assert_ne!(auto("echo", "1"), auto("noop", "1"));
    }

    #[test]
    fn r23_a_callers_key_is_its_own_and_never_an_automatic_one() {
        let key = |text: &str| UniqueKey::of(&Unique::Key(text.into()), "echo", &RawJson::parse("1".into()).unwrap());
        assert_eq!(key("order-1"), key("order-1"));
        assert_ne!(key("order-1"), key("order-2"));
        assert_eq!(key(&"long".repeat(50)).as_str().len(), 33);
        assert!(key("x").as_str().starts_with('k') && auto("echo", "1").as_str().starts_with('a'));
    }
}

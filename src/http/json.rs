//! Reading JSON so that a refusal can say where: first how deep it nests, then whether it is JSON, then whether it fits.

use std::fmt;
use std::marker::PhantomData;

use journeyman_job::Integral;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use super::code::Code;
use super::error::{Fault, Problem};

/// Reads a whole body, which must be an object, as `T`.
///
/// The checks go in turn over the whole body, so that one broken at its end is called broken whatever else is wrong.
pub fn read<T: DeserializeOwned>(body: &[u8], max_depth: usize) -> Result<T, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(Code::InvalidJson, "the body is empty: send a JSON object"));
    }
    if let Some((line, column)) = deeper_than(max_depth, body) {
        let detail =
            format!("more than {max_depth} arrays and objects inside one another at line {line} column {column}");
        return Err(Problem::new(Code::NestedTooDeep, detail));
    }
    if let Some(value) = std::str::from_utf8(body).ok().and_then(at_once) {
        return Ok(value);
    }
    serde_json::from_slice::<&RawValue>(body)
        .map_err(|error| Problem::new(Code::InvalidJson, format!("the body is not JSON: {error}")))?;
    // serde would take a list of the members' values, too.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::invalid(vec![Fault::new("", "the body is not a JSON object")]));
    }
    fit(&mut serde_json::Deserializer::from_slice(body)).map_err(|fault| Problem::invalid(vec![fault]))
}

/// Reads a part of a body that is known to be JSON, which must be an object, as `T`. The fault's pointer begins there.
pub fn part<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    if !text.starts_with('{') {
        return Err(Fault::new("", "is not a JSON object"));
    }
    at_once(text).map_or_else(|| fit(&mut serde_json::Deserializer::from_str(text)), Ok)
}

/// The value, if nothing speaks against it: nearly always nothing does, and one look is enough. Else it is looked at again
/// step by step, to say what is wrong and where.
fn at_once<T: DeserializeOwned>(text: &str) -> Option<T> {
    if !text.trim_ascii_start().starts_with('{') {
        return None;
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Integral(&mut deserializer)).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

fn fit<'de, T, D>(deserializer: D) -> Result<T, Fault>
where
    T: Deserialize<'de>,
    D: Deserializer<'de, Error: fmt::Display>,
{
    serde_path_to_error::deserialize(Integral(deserializer)).map_err(|error| {
        let pointer = error.path().iter().filter_map(step).collect();
        fault(pointer, error.inner().to_string())
    })
}

/// Where nesting first goes beyond `max_depth`, if it does. Needs no stack, and no valid JSON either.
fn deeper_than(max_depth: usize, body: &[u8]) -> Option<(usize, usize)> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (index, byte) in body.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max_depth {
            let before = &body[..index];
            let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
            return Some((line, index - line_start + 1));
        }
    }
    None
}

fn step(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", escape(key))),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// A member that is there has a value: `null` is read as its type would read it, not as its absence.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Reads a member that must be an object; see [`read`].
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

/// A fault found by serde. Of a missing member serde knows only the object that lacks it; the pointer names the member.
pub fn fault(pointer: String, mut message: String) -> Fault {
    message.truncate(without_place(&message).len());
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match missing {
        Some((member, _)) => Fault::new(format!("{pointer}/{}", escape(member)), message),
        None => Fault::new(pointer, message),
    }
}

/// serde_json ends what it says with a place in the text, which the pointer tells better; of a payload inside the body it
/// would even be wrong.
fn without_place(message: &str) -> &str {
    let is_place = |place: &str| {
        let (line, column) = place.split_once(" column ").unwrap_or_default();
        [line, column].iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match message.rsplit_once(" at line ") {
        Some((what, place)) if is_place(place) => what,
        _ => message,
    }
}

pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_pointer_and_no_line() {
        let told = |message: &str| fault("/a".to_owned(), message.to_owned()).detail.into_owned();
        assert_eq!(told("invalid type: null, expected u8 at line 1 column 24"), "invalid type: null, expected u8");
        assert_eq!(told("stop at line 5 column x"), "stop at line 5 column x");
        assert_eq!(told("no more"), "no more");
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(deeper_than(1, br#"["[[\"[[", "]", "\\"]"#), None);
        assert_eq!(deeper_than(1, b"[\"\\\\\", [1]]"), Some((1, 8)));
    }

    #[test]
    fn the_place_of_too_deep_a_nesting_is_named() {
        assert_eq!(deeper_than(2, b"[\n [\n  [1]]]"), Some((3, 3)));
        assert_eq!(deeper_than(3, b"[\n [\n  [1]]]"), None);
        assert_eq!(deeper_than(2, b"[[],[],[[]]]"), Some((1, 9)));
    }

    #[test]
    fn a_body_broken_at_its_end_is_broken_even_if_it_would_not_fit() {
        let error = read::<Vec<u8>>(b"[\"text\",\n1", 64).unwrap_err();
        assert_eq!(error.code, Code::InvalidJson);
    }
}

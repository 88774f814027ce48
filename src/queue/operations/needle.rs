//! Finding a text in others, whatever the case of its letters.

use std::borrow::Cow;

/// A text to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle(String);

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        Self(lowered(text))
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        lowered(text).contains(&self.0)
    }

    /// Whether it is in a JSON text as it is written, or as its strings read: many programs write `ü` as `\u00fc`.
    pub(super) fn is_in_json(&self, json: &str) -> bool {
        self.is_in(json) || json.contains('\\') && self.is_in(&unescaped(json))
    }
}

/// Letter by letter: what stands around one must not change what becomes of it, or a part would not be found in a whole.
fn lowered(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(char::to_lowercase).collect() }
}

/// A JSON text with every escape in it as the character that it stands for. What is no escape stays as it is.
fn unescaped(json: &str) -> Cow<'_, str> {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (character, length) = escape(&rest[at..]).unwrap_or(('\\', 1));
        text.push(character);
        rest = &rest[at + length..];
    }
    if rest.len() == json.len() {
        return Cow::Borrowed(json);
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The character that an escape at the beginning of `text` stands for, and the length of the escape.
fn escape(text: &str) -> Option<(char, usize)> {
    let plain = |character| Some((character, 2));
    match text.as_bytes().get(1)? {
        b'n' => plain('\n'),
        b't' => plain('\t'),
        b'r' => plain('\r'),
        b'b' => plain('\u{8}'),
        b'f' => plain('\u{c}'),
        b'"' => plain('"'),
        b'\\' => plain('\\'),
        b'/' => plain('/'),
        b'u' => {
            let first = unit(text)?;
            if let Some(character) = char::from_u32(u32::from(first)) {
                return Some((character, 6));
            }
            // Characters beyond the first 65 536 are written as two units.
            let second = unit(text.get(6..)?)?;
            let character = char::decode_utf16([first, second]).next()?.ok()?;
            Some((character, 12))
        }
        _ => None,
    }
}

fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_in_any_case_also_those_beyond_ascii() {
        for (needle, text) in [("Timeout", "the TIMEOUT of x"), ("MÜLLER", "Herr Müller"), ("", "x"), ("ΟΔΟΣ", "οδοσα")]
        {
            assert!(Needle::new(needle).is_in(text), "{needle} {text}");
        }
        assert!(!Needle::new("muller").is_in("Müller"));
    }

    #[test]
    fn a_json_text_is_searched_as_it_is_written_and_as_it_reads() {
        let json = r#"{"name":"M\u00fcller \"Jo\"","face":"\ud83d\ude00","path":"a\\b"}"#;
        for needle in ["müller", r"M\u00FCller", r#""jo""#, "😀", r"a\b", r"a\\b", r#""path":"#] {
            assert!(Needle::new(needle).is_in_json(json), "{needle}");
        }
        assert!(!Needle::new("muller").is_in_json(json));
    }

    #[test]
    fn broken_escapes_are_left_as_they_are() {
        for text in ["\\", "\\u", "\\u12", "\\ud83d", "\\ud83d\\u0041", "\\x", "\\uü123", "\\u+123", "a\\"] {
            assert_eq!(unescaped(text), text.replace("\\u0041", "A"));
        }
    }
}

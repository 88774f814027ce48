//! Writes JSON as YAML that people like to read: in blocks, with quotes only where needed.

use std::fmt::Write;

use serde_json::{Map, Value};

/// The document, its first members those named in `first`, with its final line break.
pub fn write(document: &Map<String, Value>, first: &[&str]) -> String {
    let mut members: Vec<_> = document.iter().collect();
    members.sort_by_key(|(key, _)| first.iter().position(|name| name == key).unwrap_or(first.len()));
    let mut text = String::new();
    for (key, value) in members {
        member(&mut text, key, value, 0);
    }
    text
}

fn member(text: &mut String, key: &str, value: &Value, depth: usize) {
    indent(text, depth);
    scalar(text, key);
    text.push(':');
    block(text, value, depth + 1);
}

/// Writes a value behind its key or dash, ending its last line.
fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            for (key, value) in members {
                member(text, key, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                indent(text, depth);
                text.push('-');
                let start = text.len();
                block(text, item, depth + 1);
                // The first line of a nested block goes on the dash's own.
                if text[start..].starts_with('\n') {
                    let indented = start + 1 + 2 * (depth + 1);
                    text.replace_range(start..indented, " ");
                }
            }
        }
        Value::String(string) => {
            text.push(' ');
            scalar(text, string);
            text.push('\n');
        }
        // Empty lists and objects, numbers, true, false and null are the same in both.
        other => {
            let _ = writeln!(text, " {other}");
        }
    }
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

/// Anything that YAML might take for something else is written as JSON, which YAML reads.
fn scalar(text: &mut String, string: &str) {
    const RESERVED: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./ ,;()".contains(c);
    let is_plain = string.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '$')
        && string.chars().skip(1).all(inner)
        && !string.ends_with(' ')
        && !RESERVED.iter().any(|word| word.eq_ignore_ascii_case(string));
    if is_plain {
        text.push_str(string);
    } else {
        for c in Value::from(string).to_string().chars() {
            // What JSON may show and YAML may not.
            if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}') {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            } else {
                text.push(c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_is_written_in_blocks() {
        let value = json!({"a": [{"b": 1, "c": [[2, 3], []]}, {}], "d e": {"404": "x: y", "no": null, "z": "No"}});
        let expected = "d e:\n  \"404\": \"x: y\"\n  \"no\": null\n  z: \"No\"\n\
                        a:\n  - b: 1\n    c:\n      - - 2\n        - 3\n      - []\n  - {}\n";
        assert_eq!(write(value.as_object().unwrap(), &["d e"]), expected);
    }

    #[test]
    fn every_string_reads_back_as_itself() {
        let strings = [
            "",
            " ",
            "a ",
            "~",
            "Null",
            "1",
            "1e3",
            "-",
            "- a",
            "a: b",
            "a #b",
            "[a]",
            "{a}",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a`",
            "a\nb",
            "a\tb",
            "\"a\"",
            "'a'",
            "ä…",
            "/a/{b}",
            "$ref",
            "2030-01-01",
            "0x1f",
            "a,b",
            "=",
            "\u{7f}",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
        ];
        let value = json!({ "list": strings.to_vec(), "keys": strings.map(|key| json!({ key: key })).to_vec() });
        assert_eq!(serde_yaml_ng::from_str::<Value>(&write(value.as_object().unwrap(), &[])).unwrap(), value);
    }
}

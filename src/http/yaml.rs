//! Writes JSON as YAML that people like to read: block style, members in their order, quotes only where needed.

use std::fmt::Write;

use serde_json::Value;

/// The document with its final line break.
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.split_off(usize::from(text.starts_with('\n')))
}

/// Writes a value behind its key or dash, ending its last line.
fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            for (key, value) in members {
                indent(text, depth);
                scalar(text, key);
                text.push(':');
                block(text, value, depth + 1);
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
        text.push_str(&Value::from(string).to_string());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_is_written_in_blocks() {
        let value = json!({"a": [{"b": 1, "c": [[2, 3], []]}, {}], "d e": {"404": "x: y", "no": null, "f": "No"}});
        let expected = "a:\n  - b: 1\n    c:\n      - - 2\n        - 3\n      - []\n  - {}\n\
                        d e:\n  \"404\": \"x: y\"\n  \"no\": null\n  f: \"No\"\n";
        assert_eq!(write(&value), expected);
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
        ];
        let value = json!({ "list": strings, "keys": strings.map(|key| json!({ key: key })) });
        assert_eq!(serde_yaml_ng::from_str::<Value>(&write(&value)).unwrap(), value);
    }
}

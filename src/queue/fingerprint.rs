//! Failures that are the same but for what differs each time.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Characters of a message that tell what failed; what follows them is detail.
const TELLING: usize = 1000;

/// What failures of one cause have in common: 16 digits of a hash of the job's type, the kind of the error and what is the
/// same in its message each time. The same in every process and version.
pub fn fingerprint(task_type: &str, kind: &str, message: &str) -> String {
    let mut hash = Sha256::new();
    for part in [task_type, kind, &normalised(message)] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut text = String::with_capacity(16);
    for byte in &hash.finalize()[..8] {
        // Writing into memory cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A message with `#` for each number, id and word of hexadecimal digits, and for each part in quotation marks.
fn normalised(message: &str) -> String {
    let message: String = message.chars().take(TELLING).collect();
    let mut text = String::with_capacity(message.len());
    let mut rest = message.as_str();
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        if let Some(length) = quoted(rest, before) {
            text.push('#');
            rest = &rest[length..];
            before = '"';
        } else if word > 0 {
            let (word, after) = rest.split_at(word);
            text.push_str(&without_numbers(word));
            rest = after;
            before = 'a';
        } else {
            // However it is wrapped and indented.
            if !first.is_whitespace() {
                text.push(first);
            } else if !text.ends_with(' ') {
                text.push(' ');
            }
            rest = &rest[first.len_utf8()..];
            before = first;
        }
    }
    text
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// The length of the part in quotation marks that begins here. An apostrophe inside a word begins none.
fn quoted(text: &str, before: char) -> Option<usize> {
    let mark = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    if mark == '\'' && is_of_word(before) {
        return None;
    }
    let ends = text[1..].match_indices(mark).map(|(at, _)| at + 2);
    // Nor does one end it.
    ends.into_iter().find(|end| mark != '\'' || !text[*end..].starts_with(is_of_word))
}

/// A word as it is, or `#` if it is an id or mostly a number: `7`, `0x1f`, `deadbeef01`, a UUID; `job-7` becomes `job-#`.
fn without_numbers(word: &str) -> String {
    let all_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    // Without the prefix it takes a digit, or `facade` and `decade` would be numbers.
    let is_hex = match word.strip_prefix("0x") {
        Some(digits) => !digits.is_empty() && all_hex(digits),
        None => word.len() >= 8 && all_hex(word) && word.bytes().any(|byte| byte.is_ascii_digit()),
    };
    if is_hex {
        return "#".to_owned();
    }
    let mut text = String::with_capacity(word.len());
    for c in word.chars() {
        if !c.is_numeric() {
            text.push(c);
        } else if !text.ends_with('#') {
            text.push('#');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_each_time_makes_no_difference() {
        for (message, expected) in [
            ("timeout after 30 s", "timeout after # s"),
            ("timeout after 2.5 s", "timeout after #.# s"),
            ("user 42 of 7 not found", "user # of # not found"),
            ("no order 0198c0de-7a11-7000-8000-00000000c8e5", "no order #"),
            ("bad block deadbeef01 at 0xff", "bad block # at #"),
            ("no file \"/tmp/a b/c\"", "no file #"),
            ("field 'name' and `x y` of \"\"", "field # and # of #"),
            ("can't reach the user's host", "can't reach the user's host"),
            ("it said 'can't do' twice", "it said # twice"),
            ("unclosed \"quote and 'more", "unclosed \"quote and 'more"),
            ("line 1\n   line  2", "line # line #"),
            ("job-17 on web3", "job-# on web#"),
            ("the facade decade", "the facade decade"),
            ("Größe ９ zu groß", "Größe # zu groß"),
            ("", ""),
        ] {
            assert_eq!(normalised(message), expected, "{message}");
        }
    }

    #[test]
    fn a_fingerprint_is_stable_and_tells_type_kind_and_message_apart() {
        let one = fingerprint("send_mail", "error", "no user 1");
        assert_eq!(one, fingerprint("send_mail", "error", "no user 2"));
        assert_eq!(one, "3945c1473fc2bbad");
        for other in [
            fingerprint("send_mai", "lerror", "no user 1"),
            fingerprint("send_mail", "fatal", "no user 1"),
            fingerprint("send_mail", "error", "no client 1"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_very_long_message_is_looked_at_up_to_a_point() {
        let long = "ü'\"".repeat(100_000);
        assert!(normalised(&long).chars().count() <= TELLING);
        assert_eq!(fingerprint("t", "k", &long), fingerprint("t", "k", &format!("{long}x")));
    }
}

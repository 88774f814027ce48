//! One event is one line of bounded length, whatever the texts of strangers in it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Stderr, Write};

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;

/// Longest line, bytes: what collectors of logs take as one.
pub(crate) const LONGEST: usize = 16 * 1024;
/// Longest text in a JSON line that had to be cut, characters.
const LONGEST_TEXT: usize = 1024;

/// Makes writers of whole events to standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    pub(super) format: LogFormat,
    /// Whether colours are written, which begin with ESC; that of other texts the formatter has escaped by then.
    pub(super) is_coloured: bool,
}

/// Takes one event at a time.
#[derive(Debug)]
pub(super) struct Line<W> {
    lines: Lines,
    out: W,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { lines: *self, out: io::stderr() }
    }
}

impl<W: Write> Write for Line<W> {
    /// The formatter hands over an event in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.out.write_all(self.lines.tidy(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Lines {
    fn tidy(self, event: &[u8]) -> Cow<'_, str> {
        let text = String::from_utf8_lossy(event);
        let body = text.strip_suffix('\n').unwrap_or(&text);
        let is_kept = |c: char| !is_obeyed(c) || (self.is_coloured && c == '\u{1b}');
        if body.len() <= LONGEST && body.chars().all(is_kept) {
            return text;
        }
        let cut = match self.format {
            _ if body.len() <= LONGEST => Cow::Borrowed(body),
            LogFormat::Text => Cow::Owned(shortened(body, LONGEST / 2)),
            LogFormat::Json => Cow::Owned(json_cut(body)),
        };
        let mut line = String::with_capacity(cut.len() + 16);
        for c in cut.chars() {
            // Writing to a String cannot fail.
            let _ = match self.format {
                _ if is_kept(c) => line.write_char(c),
                LogFormat::Text => write!(line, "{}", c.escape_unicode()),
                // Outside of its strings JSON holds no such character.
                LogFormat::Json => write!(line, "\\u{:04x}", u32::from(c)),
            };
        }
        if self.format == LogFormat::Text && line.len() > LONGEST {
            line = shortened(&line, LONGEST / 2);
        }
        line.push('\n');
        Cow::Owned(line)
    }
}

/// Whether a terminal or a reader of lines does something at this character, instead of showing it: controls, the line
/// breaks of Unicode, and what turns the direction of writing.
pub(crate) fn is_obeyed(c: char) -> bool {
    let turns =
        |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || turns(c)
}

/// The beginning of a text and how much of it is left out.
fn shortened(text: &str, keep: usize) -> String {
    let kept = &text[..text.floor_char_boundary(keep)];
    format!("{kept}… ({} bytes left out)", text.len() - kept.len())
}

/// The same event with its long texts cut, so that it still is JSON.
fn json_cut(event: &str) -> String {
    let Ok(mut event) = serde_json::from_str(event) else { return "{}".to_owned() };
    cut_texts(&mut event);
    let cut = event.to_string();
    if cut.len() <= LONGEST {
        return cut;
    }
    let named = |name: &str| event.get(name).cloned().unwrap_or_default();
    serde_json::json!({"timestamp": named("timestamp"), "level": named("level"), "message": named("message")})
        .to_string()
}

fn cut_texts(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => *text = shortened(text, LONGEST_TEXT),
        Value::Array(items) => items.iter_mut().for_each(cut_texts),
        Value::Object(members) => members.values_mut().for_each(cut_texts),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Lines = Lines { format: LogFormat::Text, is_coloured: false };
    const JSON: Lines = Lines { format: LogFormat::Json, is_coloured: false };
    const HOSTILE: &str = "a\nERROR b\r\n\u{1b}[2Jc\u{9b}31m\u{7f}\u{2028}d\u{2029}\u{202e}e\u{2066}\u{61c}\0";

    #[test]
    fn nothing_in_an_event_begins_another_line_or_is_obeyed() {
        let line = TEXT.tidy(HOSTILE.as_bytes()).into_owned();
        let (body, rest) = line.split_at(line.len() - 1);
        assert!(!body.contains(is_obeyed) && rest == "\n", "{line}");
        assert!(body.starts_with("a\\u{a}ERROR b\\u{d}\\u{a}\\u{1b}[2Jc"), "{line}");
        let event = serde_json::json!({"message": HOSTILE}).to_string() + "\n";
        let line = JSON.tidy(event.as_bytes()).into_owned();
        assert!(!line.trim_end_matches('\n').contains(is_obeyed), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["message"], HOSTILE, "JSON says the same");
    }

    #[test]
    fn a_line_has_an_end_and_json_stays_json() {
        for text in ["x".repeat(1 << 20), "ä\u{202e}".repeat(1 << 18)] {
            let line = TEXT.tidy(text.as_bytes()).into_owned();
            assert!(line.len() <= LONGEST + 64 && line.contains("bytes left out"), "{}", line.len());
            let event = serde_json::json!({"level": "INFO", "fields": [&text], "message": &text}).to_string();
            let line = JSON.tidy(event.as_bytes()).into_owned();
            assert!(line.len() <= LONGEST + 64, "{}", line.len());
            assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["level"], "INFO");
        }
        let many = vec!["x".repeat(1000); 100];
        let event = serde_json::json!({"level": "WARN", "message": "m", "fields": many}).to_string();
        let line = JSON.tidy(event.as_bytes()).into_owned();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["message"], "m");
        assert!(line.len() <= LONGEST);
    }

    #[test]
    fn what_does_no_harm_stays_as_it_is() {
        let plain = "2026 INFO für Ada ✓ job.id=1\n";
        assert!(matches!(TEXT.tidy(plain.as_bytes()), Cow::Borrowed(text) if text == plain));
        let coloured = Lines { is_coloured: true, ..TEXT };
        let event = "\u{1b}[32mINFO\u{1b}[0m x\n";
        assert_eq!(coloured.tidy(event.as_bytes()), event);
    }
}

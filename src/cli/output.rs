//! Writing for people and for programs: results on standard output, complaints on standard error.

use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

/// Where a command's result goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes `value` as JSON if that is wanted, else the table that `rows` makes.
    pub(super) fn show<T: Serialize>(self, value: &T, table: impl FnOnce() -> Table) -> io::Result<()> {
        if self.json {
            let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
            return line(text);
        }
        line(table())
    }

    /// The same where people get a plain sentence.
    pub(super) fn tell<T: Serialize>(self, value: &T, sentence: impl Display) -> io::Result<()> {
        if self.json { line(serde_json::to_string(value).map_err(io::Error::other)?) } else { line(sentence) }
    }
}

/// A table with a header that fits the terminal.
pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}

/// One line to standard output.
pub(super) fn line(text: impl Display) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A failure, as one or more lines to standard error.
pub(super) fn complain(text: &impl Display) {
    let mut err = anstream::stderr().lock();
    // Nobody is left to tell if this fails.
    let _ = writeln!(err, "journeyman: {text}");
}

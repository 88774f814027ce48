//! Writing for people and for programs: results on standard output, complaints on standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
use serde::Serialize;

use crate::queue::operations::Place;
use crate::telemetry::is_obeyed;

/// Where a command's result goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// Writes `value` as JSON.
    pub(super) fn json<T: Serialize>(self, value: &T) -> io::Result<()> {
        line(serde_json::to_string_pretty(value).map_err(io::Error::other)?)
    }

    /// Writes `value` as JSON if that is wanted, else the table that `rows` makes.
    pub(super) fn show<T: Serialize>(self, value: &T, table: impl FnOnce() -> Table) -> io::Result<()> {
        if self.json {
            return self.json(value);
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

/// The same for rows that are many and alike: 80 columns wide where nothing says how wide it may be.
pub(super) fn list<const N: usize>(header: [&str; N]) -> Table {
    let mut table = table(header);
    if !table.is_tty() {
        table.set_width(80);
    }
    table
}

/// The same with the ids of jobs in its first column: one that is cut in two cannot be pasted.
pub(super) fn jobs_list<const N: usize>(header: [&str; N]) -> Table {
    let mut table = list(header);
    table.set_constraints([ColumnConstraint::LowerBoundary(Width::Fixed(38))]);
    table
}

/// Where a list that does not hold all goes on. The cursor has a line of its own, in one piece however long it is.
pub(super) fn go_on(shown: usize, examined: u64, place: &Place) -> String {
    format!("{shown} shown, {examined} stored jobs looked at; go on with the same filter and\n--cursor {place}")
}

/// The same for a name and what is counted of it: close together, so that only a long name has to be wrapped.
pub(super) fn counts<const N: usize>(header: [&str; N]) -> Table {
    let mut table = list(header);
    for (index, column) in table.column_iter_mut().enumerate().skip(1) {
        column.set_padding((0, u16::from(index == N - 1)));
        column.set_cell_alignment(CellAlignment::Right);
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
}

/// A time as people read it: to the second, UTC.
pub(super) fn moment(rfc3339: &str) -> String {
    rfc3339.get(..19).unwrap_or(rfc3339).replace('T', " ")
}

/// How long ago or how long something takes, in its largest unit: `59s`, `12m`, `3h`, `5d`.
pub(super) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..100 => format!("{seconds}s"),
        100..6000 => format!("{}m", seconds / 60),
        6000..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A text of others on one line, and not too long a one.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }).take(200).collect()
}

/// A text on one line, however long, without anything that a terminal obeys.
pub(super) fn bare(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text of others on its own lines, without anything else that a terminal obeys.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) && c != '\n' { ' ' } else { c }).collect()
}

/// The text in lines of at most `width` characters, broken between words; a longer word has a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Asks a yes or no on the terminal; whatever is no yes is a no.
pub(super) fn ask(question: &str) -> io::Result<bool> {
    let mut err = anstream::stderr().lock();
    write!(err, "{question} [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// One line to standard output.
pub(super) fn line(text: impl Display) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Whether standard output shows colours.
pub(super) fn is_coloured() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// One line to standard output as it is, which must hold no colours: to look for them costs more than to write it.
pub(super) fn bare_line(mut text: String) -> io::Result<()> {
    text.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A failure, as one or more lines to standard error.
pub(super) fn complain(text: &impl Display) {
    let mut err = anstream::stderr().lock();
    // Nobody is left to tell if this fails.
    let _ = writeln!(err, "journeyman: {text}");
}

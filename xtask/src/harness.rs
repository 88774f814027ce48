//! `cargo test`, shown live and counted.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::Stdio;

use crate::tally::Tally;
use crate::{cargo, process};

/// Runs every test of the workspace with `args` for the harness. `tally` is right whether or not this succeeds.
pub fn run(args: &[OsString], tally: &mut Tally) -> Result<(), String> {
    let mut command = cargo::command(["test", "--workspace", "--locked"]);
    if !args.is_empty() {
        command.arg("--").args(args);
    }
    process::announce(&command);
    let line = process::line(&command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("`{line}` did not start: {error}"))?;
    if let Some(mut output) = child.stdout.take() {
        io::copy(&mut output, &mut Counted { tally })
            .map_err(|error| format!("the output of `{line}` was lost: {error}"))?;
    }
    let status = child.wait().map_err(|error| format!("`{line}` was lost: {error}"))?;
    if !status.success() {
        tally.count_unreported();
        return Err(format!("`{line}` failed ({status})"));
    }
    match tally {
        Tally { failed: 1.., .. } => Err(format!("`{line}` succeeded in spite of failed tests")),
        Tally { passed: 0, .. } => Err("no test ran, which proves nothing".to_owned()),
        _ => Ok(()),
    }
}

/// The terminal, with a count of what goes by.
struct Counted<'a> {
    tally: &'a mut Tally,
}

impl Write for Counted<'_> {
    fn write(&mut self, output: &[u8]) -> io::Result<usize> {
        let mut terminal = io::stdout().lock();
        terminal.write_all(output)?;
        // A test's name is printed before it runs and its verdict after: show what there is.
        terminal.flush()?;
        self.tally.read(output);
        Ok(output.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

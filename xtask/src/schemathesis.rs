//! `cargo xtask schemathesis`: the HTTP API against its own description, by a program that knows nothing else of it.

mod server;
mod venv;

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{cargo, process, target};
use server::{Mode, Server};

const MODES: [Mode; 2] = [Mode::Open, Mode::Keyed];

/// Judges one server without API keys and one with them. `args` go to `schemathesis run`, after our own.
pub fn run(args: &[OsString]) -> Result<(), String> {
    let folder = target::folder()?.join("schemathesis");
    let program = venv::ensure(&folder.join("venv"))?;
    process::run(&mut cargo::command(["build", "--locked", "--package", "journeyman"]))?;
    let binary = target::folder()?.join("debug").join("journeyman").with_extension(std::env::consts::EXE_EXTENSION);
    // Both of them, whatever the first one says: each tells of other faults.
    let verdicts: Vec<(Mode, Result<(), String>)> =
        MODES.into_iter().map(|mode| (mode, judge(mode, &program, &binary, &folder, args))).collect();
    println!();
    for (mode, verdict) in &verdicts {
        println!("{mode}: {}", verdict.as_ref().err().map_or("passed", |why| why.as_str()));
    }
    match verdicts.iter().filter(|(_, verdict)| verdict.is_err()).count() {
        0 => Ok(()),
        failed => Err(format!("the API is not what it says of itself ({failed} of {} runs failed)", MODES.len())),
    }
}

fn judge(mode: Mode, program: &Path, binary: &Path, folder: &Path, args: &[OsString]) -> Result<(), String> {
    println!("\n== {mode}");
    let home = fresh(&folder.join(mode.folder()))?;
    let server = Server::start(mode, binary, &home)?;
    let files = cargo::root().join("xtask").join("schemathesis");
    let mut command = Command::new(program);
    command.arg("--config-file").arg(files.join("schemathesis.toml"));
    command.args(["run", &format!("{}/openapi.json", server.address()), "--checks", "all", "--no-color"]);
    if let Some(key) = server.key() {
        command.args(["--header", &format!("Authorization: Bearer {key}")]);
    }
    command.args(args).env("SCHEMATHESIS_HOOKS", files.join("hooks.py")).env("PYTHONUNBUFFERED", "1");
    let tested = shown(command.current_dir(&home));
    // A server that ended on the way would make every later request fail for one reason that nobody reads.
    server.stop()?;
    match tested? {
        0 => Err("no operation was tested, which proves nothing".to_owned()),
        _ => Ok(()),
    }
}

/// Runs the command with its output shown live; the number of operations that it says it tested.
fn shown(command: &mut Command) -> Result<usize, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("schemathesis did not start: {error}"))?;
    let mut tested = 0;
    let output = child.stdout.take().ok_or("the output of schemathesis was lost")?;
    let lost = |error: io::Error| format!("the output of schemathesis was lost: {error}");
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(lost)?).into_owned();
        println!("{line}");
        tested = operations_tested(&line).unwrap_or(tested);
    }
    let status = child.wait().map_err(lost)?;
    if status.success() { Ok(tested) } else { Err(format!("schemathesis failed ({status})")) }
}

/// Reads `  Tested: 7` of the summary.
fn operations_tested(line: &str) -> Option<usize> {
    line.trim().strip_prefix("Tested:")?.trim().parse().ok()
}

/// The folder, empty.
fn fresh(folder: &Path) -> Result<PathBuf, String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => fs::create_dir_all(folder),
    }
    .map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_how_many_operations_were_tested() {
        let summary = ["API Operations:", "  Selected: 7/7", "  Tested: 7", "", "Test Phases:"];
        let told: Vec<usize> = summary.into_iter().filter_map(operations_tested).collect();
        assert_eq!(told, [7]);
    }
}

//! `cargo xtask bench`: the whole-system load, on an optimised build.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::{cargo, process, tools};

pub fn run(args: &[OsString]) -> Result<(), String> {
    tools::ensure_servers()?;
    process::run(&mut cargo::command("build --profile bench-run --locked -p journeyman -p bench".split(' ')))?;
    process::run(Command::new(program()?).args(args))
}

/// Next to the folder this program was built into, which holds wherever the user has put the target folder.
fn program() -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| format!("cannot tell where this program is: {error}"))?;
    let target = this.ancestors().nth(2).ok_or("this program is not in a target folder")?;
    Ok(target.join("bench-run").join("bench").with_extension(env::consts::EXE_EXTENSION))
}

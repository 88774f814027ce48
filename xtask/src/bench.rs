//! `cargo xtask bench`: the whole-system load, on an optimised build.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::{cargo, process, target, tools};

pub fn run(args: &[OsString]) -> Result<(), String> {
    tools::ensure_servers()?;
    process::run(&mut cargo::command("build --profile bench-run --locked -p journeyman -p bench".split(' ')))?;
    process::run(Command::new(program()?).args(args))
}

fn program() -> Result<PathBuf, String> {
    Ok(target::folder()?.join("bench-run").join("bench").with_extension(env::consts::EXE_EXTENSION))
}

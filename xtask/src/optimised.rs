//! Programs built as fast as a release within a few per cent, in half the time.

use std::env;
use std::path::PathBuf;

use crate::{cargo, process, target};

/// Builds these packages and tells where the program is that one of them brings.
pub fn program(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let mut build = cargo::command(["build", "--profile", "bench-run", "--locked"]);
    for package in packages {
        build.args(["-p", package]);
    }
    process::run(&mut build)?;
    Ok(target::folder()?.join("bench-run").join(name).with_extension(env::consts::EXE_EXTENSION))
}

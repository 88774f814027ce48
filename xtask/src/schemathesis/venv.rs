//! Schemathesis, in a Python environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// The release that the exceptions and the configuration were written for.
const VERSION: &str = "4.32.5";

/// The program, installed into `folder` unless it is there. The first time needs a package index.
pub fn ensure(folder: &Path) -> Result<PathBuf, String> {
    let programs = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let program = programs.join("schemathesis");
    if is_current(&program) {
        return Ok(program);
    }
    if !process::succeeds(Command::new("python3").arg("--version")) {
        return Err(lack("python3"));
    }
    // Debian keeps this apart from Python itself.
    if !process::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        return Err(lack("python3-venv"));
    }
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let wanted = format!("schemathesis=={VERSION}");
    process::run(Command::new(programs.join("python")).args(["-m", "pip", "install", "--quiet", &wanted]))
        .map_err(|why| format!("{why}; {wanted} comes from PyPI or the index that pip is configured for"))?;
    if is_current(&program) { Ok(program) } else { Err(format!("pip installed {wanted}, but it does not run")) }
}

fn is_current(program: &Path) -> bool {
    let told = Command::new(program).arg("--version").output();
    told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).trim_end().ends_with(VERSION))
}

fn lack(package: &str) -> String {
    format!("missing: {package}, which Schemathesis needs; run `sudo apt-get install --yes python3 python3-venv`")
}

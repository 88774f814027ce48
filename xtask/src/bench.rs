//! `cargo xtask bench`: the whole-system load, on an optimised build.

use std::ffi::OsString;
use std::process::Command;

use crate::{optimised, process, tools};

pub fn run(args: &[OsString]) -> Result<(), String> {
    tools::ensure_servers()?;
    process::run(Command::new(optimised::program("bench", &["journeyman", "bench"])?).args(args))
}

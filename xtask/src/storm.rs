//! `cargo xtask storm`: faults under load, on an optimised build.

use std::ffi::OsString;
use std::process::Command;

use crate::{optimised, process, tools};

pub fn run(args: &[OsString]) -> Result<(), String> {
    tools::ensure_servers()?;
    process::run(Command::new(optimised::program("faults", &["faults"])?).arg("storm").args(args))
}

//! `journeyman completions`.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Outcome;
use super::arguments::Arguments;
use super::output;

#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    shell: Shell,
}

pub(super) fn run(options: &CompletionsOptions) -> Outcome {
    let mut script = Vec::new();
    generate(options.shell, &mut Arguments::command(), "journeyman", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::SUCCESS)
}

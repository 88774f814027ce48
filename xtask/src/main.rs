//! The project's own commands: `cargo xtask <command>`. Std only, so a fresh clone has them within a second.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks on its terminal")]

mod bench;
mod cargo;
mod command;
mod harness;
mod optimised;
mod process;
mod schemathesis;
mod steps;
mod storm;
mod suite;
mod tally;
mod target;
mod tools;
mod web;

use std::env;
use std::process::ExitCode;

use command::Command;

fn main() -> ExitCode {
    match Command::parse(env::args_os().skip(1)) {
        Ok(Command::Test { harness }) => suite::run(&harness),
        Ok(Command::Bench { args }) => exit_code(bench::run(&args)),
        Ok(Command::Storm { args }) => exit_code(storm::run(&args)),
        Ok(Command::Schemathesis { args }) => exit_code(schemathesis::run(&args)),
        Ok(Command::Fmt) => exit_code(process::run(&mut cargo::command(["fmt", "--all"]))),
        Ok(Command::Help) => {
            println!("{}", command::USAGE);
            ExitCode::SUCCESS
        }
        Err(mistake) => {
            eprintln!("{mistake}\n\n{}", command::USAGE);
            ExitCode::from(2)
        }
    }
}

fn exit_code(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

//! Kills what runs, under load, and tells from a ledger outside of it whether anything was lost.
//!
//! `faults storm` is the lane; `faults journeyman …` is the product's own command line with the lane's job types in it,
//! which the lane starts and kills.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks on its terminal")]

mod arguments;
mod clients;
mod crew;
mod jobs;
mod ledger;
mod plan;
mod report;
mod schedule;
mod store;
mod storm;
mod support;
mod verdict;

use std::env;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let mut arguments = env::args_os();
    if arguments.nth(1).is_some_and(|first| first == crew::PRODUCT) {
        return journeyman::cli::run([crew::PRODUCT.into()].into_iter().chain(arguments));
    }
    let (is_well, options) = match Arguments::parse().command {
        Command::Storm(options) => (storm::run(&options), options),
        Command::Judge(options) => (storm::judge(&options), options),
    };
    match is_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the storm broke off: {error:#}\nagain: {}", options.replay());
            ExitCode::FAILURE
        }
    }
}

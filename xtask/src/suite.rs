//! `cargo xtask test`: everything a change must pass, cheapest first.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::steps::Steps;
use crate::tally::Tally;
use crate::{cargo, harness, process, tools, web};

pub fn run(harness_args: &[OsString]) -> ExitCode {
    let mut steps = Steps::default();
    let mut tally = None;
    steps.run("tools", || {
        tools::ensure_servers()?;
        tools::ensure_browser()?;
        tools::ensure_components()
    });
    steps.run("fmt", || run_cargo("fmt --all --check"));
    steps.run("clippy", || run_cargo("clippy --workspace --all-targets --locked -- -D warnings"));
    steps.run("web", || web::install().and_then(|()| web::check()));
    match web::lack() {
        None => steps.run("dist", web::build),
        Some(why) => steps.not_run("dist", &why),
    }
    steps.run("test", || harness::run(harness_args, tally.insert(Tally::default())));
    steps.run("doc", || {
        let mut doc = cargo::command(["doc", "--workspace", "--no-deps", "--locked"]);
        process::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.run("openapi", || run_cargo("run --quiet --locked -- openapi --check"));
    if process::succeeds(&mut cargo::command(["deny", "--version"])) {
        steps.run("deny", || run_cargo("deny check"));
    } else {
        steps.not_run("deny", "cargo-deny is not installed (cargo install --locked cargo-deny)");
    }

    print!("\n== summary\n{steps}");
    // Last, alone on its line, and only of tests that were run: programs read it.
    if let Some(tally) = tally {
        println!("{tally}");
    }
    if steps.succeeded() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_cargo(args: &str) -> Result<(), String> {
    process::run(&mut cargo::command(args.split(' ')))
}

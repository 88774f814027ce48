//! The quick start adds a job to the program. Here the program with that job is this test binary itself: the job is
//! compiled into it, and the command line is that of the real one.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use journeyman::job::registry;
// The trial jobs are in the program too.
use jobs as _;

use super::page::Page;
use super::shell;

mod count_lines;

const JOB: &str = include_str!("quick_start/count_lines.rs");
/// Set where this binary is to be the program: what the command line says, each word after a unit separator.
const ARGUMENTS: &str = "DOCS_QUICK_START_ARGUMENTS";
const SEPARATOR: u8 = 0x1f;

/// Runs this binary as the program. Two lines are the test harness's, before the program says anything.
const PROGRAM: &str = r#"#!/bin/bash
printf -v DOCS_QUICK_START_ARGUMENTS '\x1f%s' "$@"
export DOCS_QUICK_START_ARGUMENTS
exec TESTS --exact docs::quick_start::the_program_has_the_job_of_the_quick_start --nocapture > >(sed -u 1,2d)
"#;

#[test]
fn the_quick_start_does_what_it_says() {
    let page = Page::read("docs/quick-start.md");
    let rust: Vec<_> = page.blocks().into_iter().filter(|block| block.info == "rust").collect();
    let [job] = &rust[..] else { panic!("one block of Rust: {rust:?}") };
    assert_eq!(job.text, JOB, "tests/docs/quick_start/count_lines.rs is the job of the page");
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let tests = std::env::current_exe().unwrap();
    write_program(&program, &PROGRAM.replace("TESTS", tests.to_str().unwrap()));
    shell::run(&page, &program);
}

fn write_program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_program_has_the_job_of_the_quick_start() {
    let Some(arguments) = std::env::var_os(ARGUMENTS) else {
        assert!(registry::knows("count_lines"), "{:?}", registry::names());
        return;
    };
    let words = arguments.as_bytes().split(|byte| *byte == SEPARATOR).skip(1).filter(|word| !word.is_empty());
    let words = words.map(|word| OsString::from_vec(word.to_vec()));
    let code = journeyman::cli::run(std::iter::once("journeyman".into()).chain(words));
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

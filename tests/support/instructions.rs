//! Counting instructions: a figure that does not depend on the machine's mood, as time does.

use std::process::Command;

/// Fails unless the cost of a job is what it is known to be. Another version of what was `measured_with` may count otherwise,
/// but not twice as much.
pub fn assert_as_known(what: &str, found: u64, known: u64, measured_with: (&str, &str)) {
    let (program, version) = measured_with;
    let output = Command::new(program).arg("--version").output().unwrap();
    let is_same = String::from_utf8(output.stdout).unwrap().contains(version);
    let (difference, tolerance) = (found.abs_diff(known) * 100 / known, if is_same { 5 } else { 50 });
    assert!(difference <= tolerance, "{what}: {found} instructions per job where {known} are due");
}

/// A program that is counted: the sum stands at the end of its standard error, see [`collected`].
pub fn callgrind() -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind
}

/// What to say where it cannot be started.
pub const MISSING: &str = "valgrind is missing: run cargo xtask test, which installs it";

/// The sum that callgrind tells at its end.
pub fn collected(report: &str) -> u64 {
    let line = report.lines().find_map(|line| line.split_once("Collected :")).expect(report);
    line.1.trim().parse().unwrap()
}

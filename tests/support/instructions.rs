//! Counting instructions: a figure that does not depend on the machine's mood, as time does.

use std::process::Command;

/// Fails unless the cost of a job is within 5 in 100 of what it is known to be: within 50 where it was not measured with
/// this version, and with this kind of build.
pub fn assert_as_known(what: &str, found: u64, known: u64, measured_with: (&str, &str)) {
    let (program, version) = measured_with;
    let told = Command::new(program).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let is_same = cfg!(debug_assertions) && String::from_utf8_lossy(&told).contains(version);
    let tolerance = known * if is_same { 5 } else { 50 } / 100;
    assert!(found.abs_diff(known) <= tolerance, "{what}: {found} instructions per job where {known} are due");
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

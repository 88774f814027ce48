//! How many tests passed, failed and were skipped, read from what the test harness prints.

use std::fmt;
use std::mem;

/// The sum over every test binary of one `cargo test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
    /// Tests of the binary now running; gone once its result line is read.
    announced: Option<u64>,
    /// The line read so far: output arrives in chunks that end anywhere.
    line: Vec<u8>,
}

impl Tally {
    pub fn read(&mut self, output: &[u8]) {
        for piece in output.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = mem::take(&mut self.line);
                self.read_line(String::from_utf8_lossy(&line).trim_end());
            }
        }
    }

    /// For a run that failed: a binary that died (abort, signal) leaves no result line, and its tests, which nothing
    /// vouches for, count as failed.
    pub fn count_unreported(&mut self) {
        self.failed += self.announced.take().unwrap_or(0);
    }

    fn read_line(&mut self, line: &str) {
        if let Some(tests) = announcement(line) {
            self.announced = Some(tests);
        } else if let Some((passed, failed, skipped)) = result(line) {
            self.announced = None;
            self.passed += passed;
            self.failed += failed;
            self.skipped += skipped;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// `running 3 tests`
fn announcement(line: &str) -> Option<u64> {
    let count = line.strip_prefix("running ")?;
    count.strip_suffix(" tests").or_else(|| count.strip_suffix(" test"))?.parse().ok()
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
fn result(line: &str) -> Option<(u64, u64, u64)> {
    let mut counts = line.strip_prefix("test result: ")?.split("; ");
    // The verdict before the first count may be wrapped in colour codes; the count is the word before its noun.
    let mut count = |noun: &str| counts.next()?.strip_suffix(noun)?.trim_end().rsplit(' ').next()?.parse().ok();
    Some((count("passed")?, count("failed")?, count("ignored")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_BINARIES: &str = "
running 3 tests
test a ... ok
test b ... ignored
test c ... FAILED

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests journeyman

running 1 test
test src/lib.rs - (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s
";

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        tally.read(output.as_bytes());
        tally
    }

    #[test]
    fn binaries_are_summed() {
        assert_eq!(tally(TWO_BINARIES).to_string(), "2 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn a_line_may_arrive_in_pieces() {
        let mut bytewise = Tally::default();
        TWO_BINARIES.as_bytes().chunks(1).for_each(|byte| bytewise.read(byte));
        assert_eq!(bytewise, tally(TWO_BINARIES));
    }

    #[test]
    fn colours_do_not_hide_a_result() {
        let line = "test result: \x1b[32mok\x1b(B\x1b[m. 12 passed; 0 failed; 3 ignored; 0 measured\r\n";
        assert_eq!(tally(line).to_string(), "12 passed, 0 failed, 3 skipped");
    }

    #[test]
    fn other_lines_count_for_nothing() {
        for line in
            ["test result: ok\n", "running late\n", "  test result: ok. 1 passed; 0 failed; 0 ignored\n", "\u{fffd}\n"]
        {
            assert_eq!(tally(line), Tally::default(), "{line}");
        }
    }

    #[test]
    fn a_binary_that_died_fails_all_its_tests() {
        let mut died = tally(&format!("{TWO_BINARIES}running 40 tests\ntest a ... ok\n"));
        died.count_unreported();
        assert_eq!(died.to_string(), "2 passed, 41 failed, 1 skipped");
    }

    #[test]
    fn a_binary_that_reported_is_not_counted_twice() {
        let mut reported = tally(TWO_BINARIES);
        reported.count_unreported();
        assert_eq!(reported.to_string(), "2 passed, 1 failed, 1 skipped");
    }
}

//! How much the tests that roll dice try, and what their dice start from. Both are shown by a test that fails:
//! `JOURNEYMAN_TEST_EFFORT=20 JOURNEYMAN_TEST_SEED=7 cargo test NAME` does it again.

/// Times the few cases that CI has the patience for.
pub fn effort() -> u32 {
    number("JOURNEYMAN_TEST_EFFORT").and_then(|effort| effort.try_into().ok()).unwrap_or(1)
}

/// Always the same unless told otherwise, so that a red run is red again.
pub fn seed() -> u64 {
    number("JOURNEYMAN_TEST_SEED").unwrap_or(1)
}

/// Words for a failure.
pub fn replay() -> String {
    format!("JOURNEYMAN_TEST_EFFORT={} JOURNEYMAN_TEST_SEED={}", effort(), seed())
}

/// Says what a test has measured: shown with `--nocapture`, and beside a failure.
pub fn figures(line: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    #[expect(clippy::print_stdout, reason = "for whoever asks")]
    {
        println!("{name}: {line}");
    }
}

fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a switch of the tests alone")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is not a whole number")))
}

//! The shell blocks that no test runs: page, first line, and why not.

pub const BLOCKS: &[(&str, &str, &str)] = &[
    ("README.md", "cargo xtask test", "it is what runs this"),
    (
        "docs/performance.md",
        "cargo xtask bench --only drain --rounds 3",
        "builds with optimisation and measures for minutes",
    ),
    ("docs/production.md", "cargo build --release --locked", "builds for minutes, and installs for the whole machine"),
    ("docs/production.md", "cp deploy/systemd/*.service /etc/systemd/system/", "changes the machine"),
    ("docs/security.md", "mkdir -p fuzz/corpus/trail", "needs a nightly toolchain and cargo-fuzz"),
];

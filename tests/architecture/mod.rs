//! Imports point one way, and files stay small: what `docs/design.md` says of the tree, held.

mod jobs;
mod source;

use source::Source;

/// Longest a source file may be, lines.
const MAX_LINES: usize = 450;

/// What some files may not name.
struct Rule {
    says: &'static str,
    /// Files and folders it is about, by the beginning of their path.
    of: &'static [&'static str],
    /// Exceptions among them.
    but: &'static [&'static str],
    /// Paths that may not be named, by their first segments.
    forbids: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        says: "the domain knows no store, no network and no surface",
        of: &["src/queue/"],
        but: &[],
        forbids: &[
            "crate::drivers",
            "crate::http",
            "crate::worker",
            "crate::cli",
            "crate::app",
            "axum",
            "hyper",
            "fred",
            "rusqlite",
            "sqlx",
            "tokio::net",
        ],
    },
    Rule {
        says: "fred is named in drivers/redis only",
        of: &["src/", "crates/", "jobs/"],
        but: &["src/drivers/redis"],
        forbids: &["fred"],
    },
    Rule {
        says: "rusqlite is named in drivers/sqlite and tables/sqlite only",
        of: &["src/", "crates/", "jobs/"],
        but: &["src/drivers/sqlite", "src/tables/sqlite"],
        forbids: &["rusqlite", "rusqlite_migration"],
    },
    Rule {
        says: "sqlx is named in drivers/database and tables/server only",
        of: &["src/", "crates/", "jobs/"],
        but: &["src/drivers/database", "src/tables/server"],
        forbids: &["sqlx"],
    },
    Rule {
        says: "axum and hyper are named in http and app.rs only, and hyper in webhook",
        of: &["src/", "crates/", "jobs/"],
        but: &["src/http", "src/app.rs", "src/webhook"],
        forbids: &["axum", "hyper", "hyper_util"],
    },
    Rule {
        says: "tables and webhook serve jobs and know no surface",
        of: &["src/tables", "src/webhook"],
        but: &[],
        forbids: &["crate::http", "crate::worker", "crate::cli", "crate::app", "axum"],
    },
    Rule { says: "http does not know the worker", of: &["src/http"], but: &[], forbids: &["crate::worker"] },
    Rule { says: "the worker does not know http", of: &["src/worker"], but: &[], forbids: &["crate::http"] },
    Rule {
        says: "drivers know the domain and the settings, no surface",
        of: &["src/drivers/"],
        but: &[],
        forbids: &["crate::http", "crate::worker", "crate::cli", "crate::app"],
    },
    Rule { says: "only main.rs names the jobs", of: &["src/", "crates/"], but: &["src/main.rs"], forbids: &["jobs"] },
    Rule {
        says: "a job author's crate depends neither on the server nor on the jobs",
        of: &["crates/job/"],
        but: &[],
        forbids: &["journeyman", "jobs"],
    },
];

impl Rule {
    fn is_about(&self, source: &Source) -> bool {
        let among = |prefixes: &[&str]| prefixes.iter().any(|prefix| source.path.starts_with(prefix));
        among(self.of) && !among(self.but)
    }

    fn broken_by(&self, source: &Source) -> Vec<String> {
        let paths = if self.is_about(source) { source.paths() } else { Vec::new() };
        let is_forbidden = |path: &&String| self.forbids.iter().any(|forbidden| begins_with(path, forbidden, source));
        let broken = paths.iter().filter(is_forbidden);
        broken.map(|path| format!("{} names {path}, but {}", source.path, self.says)).collect()
    }
}

fn begins_with(path: &str, forbidden: &str, source: &Source) -> bool {
    let is_under = path.strip_prefix(forbidden).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    is_under && !source.declares(forbidden)
}

fn broken_rules(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(|source| RULES.iter().flat_map(|rule| rule.broken_by(source))).collect()
}

#[test]
fn imports_point_one_way() {
    let sources = Source::all_under(&["src", "crates", "jobs"]);
    assert!(sources.len() > 10, "the sources are found");
    let broken = broken_rules(&sources);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_source_file_is_too_long() {
    let sources = Source::all_under(&["src", "crates"]);
    let long: Vec<_> = sources.iter().filter(|source| source.lines() > MAX_LINES).collect();
    let list: Vec<_> = long.iter().map(|source| format!("{}: {} lines", source.path, source.lines())).collect();
    assert!(list.is_empty(), "longer than {MAX_LINES} lines:\n{}", list.join("\n"));
}

#[test]
fn a_job_authors_crate_depends_on_no_other_of_ours_but_its_macros() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/job/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let ours: Vec<_> =
        manifest.lines().filter(|line| line.starts_with("journeyman") || line.starts_with("jobs")).collect();
    assert!(ours.iter().all(|line| line.starts_with("journeyman-job-macros")), "{ours:?}");
}

#[test]
fn an_offending_import_is_found_however_it_is_written() {
    for (path, text) in [
        ("src/queue/made_up.rs", "use crate::drivers::memory::MemoryStore;"),
        ("src/queue/made_up.rs", "use crate::{clock::Clock, drivers::{self, memory}};"),
        ("src/queue/made_up.rs", "use super::super::drivers;"),
        ("src/queue/mod.rs", "pub(crate) use super::http::Page;"),
        ("src/queue/made_up.rs", "fn f() -> tokio::net::TcpStream { todo!() }"),
        ("src/queue/made_up.rs", "use tokio::{sync::mpsc, net::TcpStream as Stream};"),
        ("src/http/made_up.rs", "fn f() { let q = '\"'; crate::worker::start(); }"),
        ("src/worker/made_up.rs", "use crate::http;"),
        ("src/drivers/sqlite/made_up.rs", "use fred::prelude::*;"),
        ("src/drivers/redis/made_up.rs", "type C = rusqlite::Connection;"),
        ("src/cli/made_up.rs", "use axum::Router;"),
        ("src/cli/made_up.rs", "use jobs as _;"),
        ("crates/job/src/made_up.rs", "impl journeyman::queue::Driver for X {}"),
    ] {
        assert!(!broken_rules(&[Source::new(path, text)]).is_empty(), "{path}: {text}");
    }
}

#[test]
fn what_only_looks_like_an_offending_import_is_let_through() {
    for (path, text) in [
        ("src/queue/made_up.rs", "// use crate::drivers::memory;\n/* axum::Router */ fn f() {}"),
        ("src/queue/made_up.rs", r##"const A: &str = "axum::Router"; const B: &str = r#"say "fred::Client""#;"##),
        ("src/queue/made_up.rs", "#[cfg(test)]\nmod tests {\n    use crate::drivers::memory::MemoryStore;\n}"),
        ("src/queue/made_up.rs", "use super::driver::Driver; use crate::httpd::x; let http = self.http.axum;"),
        ("src/drivers/redis/made_up.rs", "use fred::prelude::*;"),
        ("src/http/mod.rs", "mod jobs; pub use jobs::router; use axum::Router;"),
        ("src/main.rs", "use jobs as _;"),
        ("crates/job/src/made_up.rs", "use journeyman_job_macros::job;"),
    ] {
        assert_eq!(broken_rules(&[Source::new(path, text)]), Vec::<String>::new(), "{path}: {text}");
    }
}

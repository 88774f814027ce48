//! The documentation is true: what it tells readers to type is typed, what it shows compiles and can be read, and its links
//! lead somewhere.
//!
//! For whoever writes a page:
//!
//! - ```` ```sh ```` blocks are run, all of a page in order in one bash. Write them for a reader with a fresh clone; a server
//!   is there at `127.0.0.1:8080`, a Redis at `redis://127.0.0.1:6379`, and `journeyman` and `cargo run` are the binary.
//! - ```` ```sh no-run ```` is for lines that change the machine or take minutes, each with its reason in `no_run.rs`.
//! - ```` ```text output ```` right after a block is what it prints, `…` standing for anything.
//! - ```` ```ini ```` is a `.env`, ```` ```toml ```` a `journeyman.toml`; ```` ```rust ```` is a doctest of `crates/job`.

mod data;
mod links;
mod no_run;
mod page;
mod quick_start;
mod shell;

use std::path::Path;

use page::Page;

/// Makes a test for each page with shell blocks; the quick start has one of its own, with a program of its own.
macro_rules! pages {
    ($($name:ident: $path:literal),+ $(,)?) => {
        const RUN: &[&str] = &[$($path),+];
        $(#[test] fn $name() { run($path); })+
    };
}

pages! {
    the_readme_does_what_it_says: "README.md",
    api_does_what_it_says: "docs/api.md",
    from_bullmq_does_what_it_says: "docs/from-bullmq.md",
    from_laravel_does_what_it_says: "docs/from-laravel.md",
    from_sidekiq_does_what_it_says: "docs/from-sidekiq.md",
    jobs_does_what_it_says: "docs/jobs.md",
    production_does_what_it_says: "docs/production.md",
    redis_does_what_it_says: "docs/redis.md",
    retries_does_what_it_says: "docs/retries.md",
    security_does_what_it_says: "docs/security.md",
    tables_does_what_it_says: "docs/tables.md",
}

fn run(path: &str) {
    shell::run(&Page::read(path), Path::new(env!("CARGO_BIN_EXE_journeyman")));
}

#[test]
fn every_page_with_lines_to_run_is_run() {
    let has_lines = |page: &Page| page.blocks().iter().any(|block| block.info == "sh");
    let pages: Vec<String> = Page::guides().into_iter().filter(has_lines).map(|page| page.path).collect();
    let run: Vec<&str> = pages.iter().map(String::as_str).filter(|path| *path != "docs/quick-start.md").collect();
    assert_eq!(run, RUN);
}

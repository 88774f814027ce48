//! Blocks of data can be read, and those that are settings set something.

use std::collections::BTreeSet;

use super::page::{Block, Page};
use crate::support::process::Home;

/// All languages that a block may be in; a page that needs another one says here what checks it.
const LANGUAGES: &[(&str, &str)] = &[
    ("sh", "run"),
    ("sh no-run", "listed in `no_run.rs`"),
    ("text output", "compared with what the block before it prints"),
    ("rust", "compiled and run as a doctest of crates/job"),
    ("json", "read"),
    ("toml", "taken as journeyman.toml"),
    ("ini", "taken as .env"),
    ("text", "nothing: a drawing"),
    ("http", "nothing: a request as it looks"),
    ("php", "nothing: what others write"),
    ("ruby", "nothing: what others write"),
    ("typescript", "nothing: what others write"),
];

fn in_language<'a>(pages: &'a [Page], language: &str) -> Vec<Block<'a>> {
    let blocks = pages.iter().flat_map(Page::blocks);
    blocks.filter(|block| block.info == language).collect()
}

#[test]
fn every_block_says_in_which_language_it_is() {
    for block in Page::guides().iter().flat_map(Page::blocks) {
        let is_known = LANGUAGES.iter().any(|(language, _)| *language == block.info);
        assert!(is_known, "{}: {:?} is none of {LANGUAGES:?}", block.place(), block.info);
    }
}

#[test]
fn json_can_be_read() {
    for block in in_language(&Page::guides(), "json") {
        let read = serde_json::from_str::<serde_json::Value>(&block.text);
        assert!(read.is_ok(), "{}: {read:?}", block.place());
    }
}

#[test]
fn a_settings_file_is_taken() {
    let pages = Page::guides();
    let blocks = in_language(&pages, "toml");
    assert!(!blocks.is_empty());
    for block in blocks {
        assert_taken("journeyman.toml", &block);
    }
}

#[test]
fn an_environment_is_taken_and_each_line_of_it_sets_something() {
    let rows = Home::sqlite().json(&["config", "show", "--json"]);
    let settings: BTreeSet<&str> = rows.as_array().unwrap().iter().map(|row| row["env"].as_str().unwrap()).collect();
    let pages = Page::guides();
    let blocks = in_language(&pages, "ini");
    assert!(!blocks.is_empty());
    for block in blocks {
        for line in block.text.lines() {
            let (name, _) = line.split_once('=').unwrap_or_else(|| panic!("{}: {line}", block.place()));
            assert!(settings.contains(name), "{}: {name} sets nothing", block.place());
        }
        assert_taken(".env", &block);
    }
}

fn assert_taken(file: &str, block: &Block<'_>) {
    let home = Home::sqlite();
    std::fs::write(home.path().join(file), &block.text).unwrap();
    let ran = home.run(&["config", "show", "--json"]);
    assert_eq!(ran.code, Some(0), "{}: {}", block.place(), ran.stderr);
    assert!(ran.stdout.contains(file), "{}: nothing is from {file}", block.place());
}

/// Doctests see only what `crates/job` includes.
#[test]
fn every_page_with_rust_is_among_the_doctests() {
    let lib = Page::read("crates/job/src/lib.rs").text;
    let pages = Page::guides();
    let with_rust: BTreeSet<&str> = in_language(&pages, "rust").iter().map(|block| block.page.path.as_str()).collect();
    for page in with_rust {
        let line = format!("#[doc = include_str!(\"../../../{page}\")]");
        assert!(lib.contains(&line), "crates/job/src/lib.rs has no {line}");
    }
}

//! `docs/requirements.md` says the truth: every row is there, and what is called done has a test.

use std::collections::BTreeSet;
use std::path::Path;

/// Rows of the requirements: R1 to R59, and the promises.
fn all_rows() -> BTreeSet<String> {
    let promises = [1, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14];
    (1..=59).map(|n| format!("R{n}")).chain(promises.map(|n| format!("P{n}"))).collect()
}

/// Id and status of each row of a document.
fn rows(document: &str) -> Vec<(String, String)> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let is_row = |cells: &Vec<String>| cells.len() == 3 && cells[0].starts_with(['R', 'P']);
    document
        .lines()
        .filter(|line| line.starts_with("| R") || line.starts_with("| P"))
        .map(cells)
        .filter(is_row)
        .map(|cells| (cells[0].clone(), cells[2].clone()))
        .collect()
}

/// Whether a test's name or comment carries the id.
fn is_named(id: &str, sources: &str) -> bool {
    let prefix = format!("fn {}_", id.to_lowercase());
    let is_whole = |at: usize| !sources[at + id.len()..].starts_with(|c: char| c.is_ascii_digit());
    sources.contains(&prefix) || sources.match_indices(id).any(|(at, _)| is_whole(at) && in_comment(sources, at))
}

fn in_comment(sources: &str, at: usize) -> bool {
    let line_start = sources[..at].rfind('\n').map_or(0, |newline| newline + 1);
    sources[line_start..at].trim_start().starts_with("//")
}

/// Every file with tests in it.
fn test_sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["tests", "src", "crates", "jobs", "faults"] {
        collect(&root.join(folder), &mut files);
    }
    let own = Path::new("requirements").join("mod.rs");
    let has_tests = |source: &String| source.contains("#[test]") || source.contains("#[tokio::test");
    let others = files.iter().filter(|file| !file.ends_with(&own));
    let sources = others.map(|file| (file.starts_with(root.join("tests")), std::fs::read_to_string(file).unwrap()));
    // Under `tests` a macro may make tests of plain functions.
    sources.filter(|(is_test, source)| *is_test || has_tests(source)).map(|(_, source)| source).collect()
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn every_row_has_a_status_and_every_row_with_work_in_it_a_test() {
    let document = include_str!("../../docs/requirements.md");
    let rows = rows(document);
    let ids: BTreeSet<String> = rows.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids, all_rows());
    assert_eq!(ids.len(), rows.len(), "a row stands twice");
    let sources = test_sources();
    let mut untested = Vec::new();
    for (id, status) in rows {
        match status.split(':').next().unwrap_or_default() {
            "open" => {}
            "done" | "partial" if is_named(&id, &sources) => {}
            "done" | "partial" => untested.push(id),
            other => panic!("{id} is {other:?}: say done, partial or open"),
        }
    }
    assert!(untested.is_empty(), "no test carries {untested:?}");
}

#[test]
fn the_check_can_fail() {
    assert!(is_named("R1", "/// R1: as said\nfn x() {}"));
    assert!(is_named("R1", "async fn r1_defaults() {}"));
    assert!(!is_named("R1", "/// R13: another\nfn r13_x() {}\nlet x = \"R1\";"));
    assert_eq!(rows("| R1 | what | done |\n| row | what | status |").len(), 1);
}

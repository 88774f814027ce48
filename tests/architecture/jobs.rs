//! User land is what its list says.

use std::path::Path;

/// R3: adding a job is a file and a line, and nothing else names it.
#[test]
fn r3_every_job_file_has_its_line_and_no_other_place_names_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/src");
    let list = std::fs::read_to_string(folder.join("lib.rs")).unwrap();
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let stems: Vec<_> = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(stems.len() > 10);
    for stem in stems.iter().filter(|stem| *stem != "lib") {
        assert!(list.contains(&format!("mod {stem};")), "{stem}");
    }
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with("//")).count();
    assert_eq!(lines, stems.len() - 1, "the list holds `mod` lines and nothing else");
}

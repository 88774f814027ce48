//! The dashboard's own checks: its types, its tests, and that what is in the repository is what its sources make.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{cargo, process, target};

/// The oldest Node that builds the pages (`engines` of vite, the most demanding of what they are built with).
const OLDEST: (u32, u32) = (20, 19);

/// Brings what web/package-lock.json names. The browser's tests need it, too, and any Node from 18 on will do for that.
pub fn install() -> Result<(), String> {
    let words = ["ci", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    process::run(npm().args(words))
}

/// Types.
pub fn check() -> Result<(), String> {
    process::run(npm().args(["run", "--silent", "check"]))
}

/// Why the pages cannot be built and tested here, if they cannot.
pub fn lack() -> Option<String> {
    let output = Command::new("node").arg("--version").output().ok()?;
    let told = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if is_new_enough(&told) {
        return None;
    }
    let (major, minor) = OLDEST;
    Some(format!(
        "node {told} is too old for web/: neither its tests nor whether web/dist is current (from {major}.{minor} on)"
    ))
}

/// Tests, and the same build once more: elsewhere, since cargo would build anew whatever has the pages in it.
pub fn build() -> Result<(), String> {
    process::run(npm().args(["test", "--silent"]))?;
    let fresh = target::folder()?.join("web-dist");
    let words = ["run", "--silent", "build", "--", "--emptyOutDir", "--logLevel=warn", "--outDir"];
    process::run(npm().args(words).arg(&fresh))?;
    match differing(&files(&web().join("dist"))?, &files(&fresh)?).as_slice() {
        [] => Ok(()),
        stale => Err(format!("web/dist is not what web/src makes: {}; run `npm run build` in web/", stale.join(", "))),
    }
}

type Files = Vec<(String, Vec<u8>)>;

/// Name and contents of each.
fn files(folder: &Path) -> Result<Files, String> {
    let read = || -> std::io::Result<Files> {
        let mut files = Files::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            files.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
        }
        files.sort();
        Ok(files)
    };
    read().map_err(|error| format!("{} cannot be read: {error}", folder.display()))
}

/// Names of what is in one of them only, or differs.
fn differing(one: &Files, other: &Files) -> Vec<String> {
    let only =
        |of: &Files, not: &Files| of.iter().filter(|file| !not.contains(file)).map(|(name, _)| name.clone()).collect();
    let mut names: Vec<String> = only(one, other);
    names.extend::<Vec<String>>(only(other, one));
    names.sort();
    names.dedup();
    names
}

/// `v20.20.2`
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse().ok());
    let found = (numbers.next().flatten(), numbers.next().flatten());
    matches!(found, (Some(major), Some(minor)) if (major, minor) >= OLDEST)
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(web());
    command
}

fn web() -> PathBuf {
    cargo::root().join("web")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_too_old_is_known() {
        for (version, is_enough) in [
            ("v18.20.4", false),
            ("v20.9.0", false),
            ("v20.19.0", true),
            ("v20.20.2", true),
            ("v22.0.0", true),
            ("", false),
            ("v20", false),
        ] {
            assert_eq!(is_new_enough(version), is_enough, "{version}");
        }
    }

    #[test]
    fn what_is_stale_missing_or_left_over_is_named() {
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        let kept = vec![file("a", "1"), file("b", "1"), file("c", "1")];
        let built = vec![file("a", "1"), file("b", "2"), file("d", "1")];
        assert_eq!(differing(&kept, &built), ["b", "c", "d"]);
        assert!(differing(&kept, &kept).is_empty());
    }
}

//! The shell blocks of a page are run: in order, by one bash, in a fresh folder, beside a server that the page's lines
//! reach under the address that they name. What a block shows as its output must be what it printed.

use std::path::{Path, PathBuf};

use super::no_run;
use super::page::{Block, Page};
use crate::redis::server::Server as Redis;
use crate::support::process::{Home, Ran};

const PREAMBLE: &str = include_str!("preamble.sh");
/// Longest that the lines of one page may take, seconds: those that wait for something wait for ever.
const LONGEST: &str = "120";
/// The addresses that pages name, in whose place the test's servers are asked.
const SERVER: &str = "127.0.0.1:8080";
const REDIS: &str = "redis://127.0.0.1:6379";
/// Tells the blocks apart in what the script prints; the line of the block follows.
const MARK: &str = "===== block ";
/// Stands in an output for whatever may be there.
const ANYTHING: char = '…';

/// Runs all that the page wants to be run, with this binary.
pub fn run(page: &Page, journeyman: &Path) {
    let blocks = page.blocks();
    let lines: Vec<&Block<'_>> = blocks.iter().filter(|block| block.info == "sh").collect();
    if lines.is_empty() {
        return;
    }
    let programs = Programs::of(journeyman);
    let home = Home::sqlite().running(journeyman);
    let server = home.serve_plainly(&[]);
    let redis = page.text.contains(REDIS).then(|| Redis::start(&[]));
    let ours = |text: &str| {
        let text = text.replace(SERVER, &server.api.0.to_string());
        redis.as_ref().map_or_else(|| text.clone(), |redis| text.replace(REDIS, &redis.url()))
    };
    let mut script = PREAMBLE.to_owned();
    for block in &lines {
        script += &format!("\n{}\n{}", marker(block), ours(&block.text));
    }
    let ran = programs.bash(&home, &script);
    let last = ran.stdout.rsplit(MARK).next().unwrap_or_default();
    assert_eq!(ran.code, Some(0), "{} ended in the block of line {last}\n{}", page.path, ran.stderr);
    for pair in blocks.windows(2).filter(|pair| pair[1].info == "text output") {
        let printed = printed(&ran.stdout, &pair[0]);
        assert!(fits(&ours(&pair[1].text), printed), "{} shows {:?}, but: {printed:?}", pair[1].place(), pair[1].text);
    }
}

fn marker(block: &Block<'_>) -> String {
    format!("echo '{MARK}{}'", block.line)
}

fn printed<'a>(stdout: &'a str, block: &Block<'_>) -> &'a str {
    let mark = format!("{MARK}{}\n", block.line);
    let (_, rest) = stdout.split_once(&mark).unwrap_or_else(|| panic!("{} is followed by an output", block.place()));
    rest.split(MARK).next().unwrap()
}

/// Whether the text is what is shown, whatever stands where the sign for anything is.
fn fits(shown: &str, text: &str) -> bool {
    let (shown, text) = (shown.trim(), text.trim());
    let pieces: Vec<&str> = shown.split(ANYTHING).collect();
    let (first, last) = (pieces[0], pieces[pieces.len() - 1]);
    if pieces.len() == 1 {
        return text == shown;
    }
    let mut rest = text.strip_prefix(first);
    for piece in &pieces[1..pieces.len() - 1] {
        rest = rest.and_then(|rest| rest.split_once(piece.trim_matches('\n'))).map(|(_, rest)| rest);
    }
    rest.is_some_and(|rest| rest.ends_with(last))
}

/// A folder with the binary under its name, for the search path.
struct Programs(tempfile::TempDir);

impl Programs {
    fn of(journeyman: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(journeyman, folder.path().join("journeyman")).unwrap();
        Self(folder)
    }

    fn bash(&self, home: &Home, script: &str) -> Ran {
        let file: PathBuf = self.0.path().join("script");
        std::fs::write(&file, script).unwrap();
        let mut timeout = home.clean(Path::new("timeout"));
        let path = timeout.get_envs().find_map(|(name, value)| (name == "PATH").then(|| value.unwrap().to_owned()));
        let folders = [self.0.path().as_os_str().to_owned(), path.unwrap()];
        timeout.env("PATH", folders.join(std::ffi::OsStr::new(":")));
        Ran::of(timeout.arg(LONGEST).arg("bash").arg(&file))
    }
}

/// What a block that is not run says to the binary is understood by it all the same.
#[test]
fn what_is_not_run_is_listed_with_its_reason_and_understood() {
    let pages = Page::guides();
    let blocks: Vec<Block<'_>> =
        pages.iter().flat_map(Page::blocks).filter(|block| block.info == "sh no-run").collect();
    let found: Vec<(&str, &str)> =
        blocks.iter().map(|block| (block.page.path.as_str(), block.text.lines().next().unwrap())).collect();
    let listed: Vec<(&str, &str)> = no_run::BLOCKS.iter().map(|(page, line, _)| (*page, *line)).collect();
    assert_eq!(found, listed, "the blocks that are not run, in the order of their pages");
    for line in blocks.iter().flat_map(|block| block.text.lines()) {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
        if let Some(arguments) = words.strip_prefix(&["journeyman"]) {
            assert_understood(line, arguments);
        }
    }
}

/// Commands that stand in a sentence: the command is there, and has each of the flags.
#[test]
fn commands_within_sentences_are_commands_with_flags_that_there_are() {
    let home = Home::sqlite();
    let help = home.ok(&["--help"]);
    let mut count = 0;
    for page in Page::guides() {
        for (line, code) in page.inline_code() {
            let words: Vec<&str> = code.split_whitespace().collect();
            let [name, arguments @ ..] = &words[..] else { continue };
            let is_command = |word: &&str| help.contains(&format!("\n  {word} "));
            let Some(command) = arguments.first().filter(|word| *name == "journeyman" && is_command(word)) else {
                // A flag, or a word that stands for any command.
                let is_other = |word: &&str| word.starts_with("--") || word.chars().all(char::is_uppercase);
                let is_fine = *name != "journeyman" || arguments.first().is_none_or(is_other);
                assert!(is_fine, "{}:{line}: {code} is no command", page.path);
                continue;
            };
            let flags = help.clone() + &home.ok(&[command, "--help"]);
            for flag in arguments.iter().filter(|word| word.starts_with("--")) {
                assert!(flags.contains(flag), "{}:{line}: {command} has no {flag}", page.path);
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count} commands are found");
}

fn assert_understood(line: &str, arguments: &[&str]) {
    let ran = Home::sqlite().run(&[arguments, &["--help"]].concat());
    assert!(ran.code == Some(0) && ran.stdout.contains("Usage:"), "{line}: {ran:?}");
}

#[test]
fn an_output_fits_with_anything_in_its_gaps() {
    for (shown, text) in [("a", "a\n"), ("…\nb\n", "x\ny\nb\n"), ("a … c", "a b c"), ("{…}", "{\"a\": 1}")] {
        assert!(fits(shown, text), "{shown:?} {text:?}");
    }
    for (shown, text) in [("a", "b"), ("…\nb", "b\nc"), ("a … c", "b c"), ("a … c", "a b")] {
        assert!(!fits(shown, text), "{shown:?} {text:?}");
    }
}

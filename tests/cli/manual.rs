//! R51: `docs/cli.md` names every command, and says of each what its help says.

use crate::support::process::Home;

const MANUAL: &str = include_str!("../../docs/cli.md");

/// Name and first sentence of each command, as the help lists them.
fn commands(home: &Home) -> Vec<(String, String)> {
    let help = home.ok(&["--help"]);
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let (list, _) = rest.split_once("\n\n").unwrap();
    let read =
        |line: &str| line.trim().split_once("  ").map(|(name, about)| (name.to_owned(), about.trim().to_owned()));
    list.lines().filter_map(read).filter(|(name, _)| name != "help").collect()
}

#[test]
fn r51_the_manual_has_every_command_with_the_words_of_its_help() {
    let home = Home::sqlite().with("COLUMNS", "200");
    let commands = commands(&home);
    assert!(commands.len() > 20, "{commands:?}");
    let rows: Vec<&str> = MANUAL.lines().filter(|line| line.starts_with("| `")).collect();
    for (name, about) in &commands {
        let row = rows.iter().find(|row| row.starts_with(&format!("| `{name}")));
        let row = row.unwrap_or_else(|| panic!("{name} is missing in docs/cli.md"));
        assert!(row.contains(about.as_str()), "{about:?} in {row}");
    }
    let named: Vec<String> = rows.iter().map(|row| row[3..].split(['`', ' ']).next().unwrap().to_owned()).collect();
    for name in named.iter().filter(|name| name.chars().all(char::is_alphabetic)) {
        assert!(commands.iter().any(|(known, _)| known == name), "{name} is in docs/cli.md and no command");
    }
}

#[test]
fn r51_the_manual_has_every_flag_that_a_command_takes() {
    let home = Home::sqlite().with("COLUMNS", "200");
    for (command, _) in commands(&home) {
        let help = home.ok(&[&command, "--help"]);
        let shared = ["--config", "--data-dir", "--connection", "--log-level", "--help", "--version", "--json"];
        let flags = help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2);
        let flags = flags.map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
        let row = MANUAL.lines().find(|line| line.starts_with(&format!("| `{command}"))).unwrap();
        for flag in flags.filter(|flag| !shared.contains(flag) && flag.starts_with("--")) {
            assert!(row.contains(flag), "{command} {flag}: {row}");
        }
    }
}

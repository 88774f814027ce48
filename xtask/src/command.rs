//! What was asked for on the command line.

use std::ffi::OsString;

pub const USAGE: &str = "\
Usage: cargo xtask <command>

Commands:
  test [-- <args>]   everything a change must pass; <args> go to the test harness
  bench [<args>]     build and run the whole-system load; <args> go to it
  storm [<args>]     kill servers, workers and stores under load and look for what is lost; <args> say how much
  schemathesis [-- <args>]
                     hold the HTTP API against its own description; <args> go to `schemathesis run`
  fmt                format every package
  help               print this list";

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Test { harness: Vec<OsString> },
    Bench { args: Vec<OsString> },
    Storm { args: Vec<OsString> },
    Schemathesis { args: Vec<OsString> },
    Fmt,
    Help,
}

impl Command {
    /// Reads the arguments after the program's name; the error is a sentence for the user.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut args = args.into_iter();
        let Some(name) = args.next() else { return Ok(Self::Help) };
        let mut rest: Vec<OsString> = args.collect();
        match name.to_str() {
            // The load has a `--help` of its own.
            Some("test" | "schemathesis" | "fmt") if rest.first().is_some_and(is_help) => Ok(Self::Help),
            Some("test") => {
                if let Some(first) = rest.first()
                    && first != "--"
                {
                    return Err(format!("`{}`: arguments for the test harness go after `--`", first.display()));
                }
                rest.drain(..rest.len().min(1));
                Ok(Self::Test { harness: rest })
            }
            Some("bench") => {
                if rest.first().is_some_and(|first| first == "--") {
                    rest.remove(0);
                }
                Ok(Self::Bench { args: rest })
            }
            Some("storm") => {
                if rest.first().is_some_and(|first| first == "--") {
                    rest.remove(0);
                }
                Ok(Self::Storm { args: rest })
            }
            Some("schemathesis") => {
                if rest.first().is_some_and(|first| first == "--") {
                    rest.remove(0);
                }
                Ok(Self::Schemathesis { args: rest })
            }
            Some("fmt") => match rest.first() {
                Some(extra) => Err(format!("`fmt` takes no arguments, but got `{}`", extra.display())),
                None => Ok(Self::Fmt),
            },
            Some("help" | "-h" | "--help") => Ok(Self::Help),
            _ => Err(format!("unknown command `{}`", name.display())),
        }
    }
}

fn is_help(arg: &OsString) -> bool {
    arg == "-h" || arg == "--help"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Command::parse(line.split_whitespace().map(OsString::from))
    }

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn arguments_reach_the_command_they_are_for() {
        let table = [
            ("", Command::Help),
            ("help", Command::Help),
            ("--help", Command::Help),
            ("fmt", Command::Fmt),
            ("fmt -h", Command::Help),
            ("test", Command::Test { harness: vec![] }),
            ("test --", Command::Test { harness: vec![] }),
            ("test --help", Command::Help),
            ("test -- redis --nocapture", Command::Test { harness: words("redis --nocapture") }),
            ("test -- redis -- x", Command::Test { harness: words("redis -- x") }),
            ("bench", Command::Bench { args: vec![] }),
            ("bench --jobs 10", Command::Bench { args: words("--jobs 10") }),
            ("bench -- --jobs 10", Command::Bench { args: words("--jobs 10") }),
            ("schemathesis", Command::Schemathesis { args: vec![] }),
            ("schemathesis --help", Command::Help),
            ("schemathesis -- --seed 7", Command::Schemathesis { args: words("--seed 7") }),
            ("schemathesis --seed 7", Command::Schemathesis { args: words("--seed 7") }),
            ("storm --store redis", Command::Storm { args: words("--store redis") }),
            ("storm -- --help", Command::Storm { args: words("--help") }),
            ("bench --help", Command::Bench { args: words("--help") }),
        ];
        for (line, expected) in table {
            assert_eq!(parse(line), Ok(expected), "cargo xtask {line}");
        }
    }

    #[test]
    fn a_mistake_is_named() {
        for (line, named) in [("nonsense", "`nonsense`"), ("test redis", "`redis`"), ("fmt --check", "`--check`")] {
            assert!(parse(line).unwrap_err().contains(named), "cargo xtask {line}");
        }
    }

    #[test]
    fn the_usage_lists_every_command() {
        for name in ["test", "bench", "storm", "schemathesis", "fmt", "help"] {
            assert!(USAGE.lines().any(|line| line.trim_start().starts_with(name)), "{name}");
        }
    }
}

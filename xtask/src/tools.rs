//! The programs that the tests need and cargo does not bring.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{cargo, process};

/// What tests start for themselves.
struct Program {
    name: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    /// Where it is if not in the search path; `*` stands for the one folder in its place whatever its name.
    folder: Option<&'static str>,
}

const SERVERS: &[Program] = &[
    Program { name: "redis-server", package: "redis-server", folder: None },
    Program { name: "mariadbd", package: "mariadb-server", folder: Some("/usr/sbin") },
    Program { name: "mariadb-install-db", package: "mariadb-server", folder: Some("/usr/bin") },
    // Debian keeps each version in a folder of its own, none of them in the search path.
    Program { name: "postgres", package: "postgresql", folder: Some("/usr/lib/postgresql/*/bin") },
    Program { name: "initdb", package: "postgresql", folder: Some("/usr/lib/postgresql/*/bin") },
    // No server, but it counts what one does.
    Program { name: "valgrind", package: "valgrind", folder: None },
    // Nor this, but it tells one a wrong time.
    Program { name: "faketime", package: "faketime", folder: None },
    // Nor these, but readers of the guides type them.
    Program { name: "curl", package: "curl", folder: None },
    Program { name: "jq", package: "jq", folder: None },
    Program { name: "sqlite3", package: "sqlite3", folder: None },
];

/// What looks at the dashboard as its users do, and what that is written in.
const BROWSER: &[Program] = &[
    Program { name: "node", package: "nodejs", folder: None },
    Program { name: "npm", package: "npm", folder: None },
    Program { name: "chromium", package: "chromium", folder: None },
];

/// Installs what is missing if it may (root on a machine with apt-get), else fails naming it and the command to run.
pub fn ensure_servers() -> Result<(), String> {
    ensure(SERVERS)
}

/// The same for the tests in a browser.
pub fn ensure_browser() -> Result<(), String> {
    ensure(BROWSER)
}

fn ensure(programs: &'static [Program]) -> Result<(), String> {
    let missing = self::missing(programs);
    if missing.is_empty() {
        return Ok(());
    }
    let packages = packages(&missing);
    if is_root() && has_apt() {
        process::run(&mut install(&packages)).map_err(|why| format!("{why}; {}", lack(&missing)))?;
    }
    match self::missing(programs).as_slice() {
        [] => Ok(()),
        missing => Err(lack(missing)),
    }
}

/// rustfmt and clippy, which a minimal toolchain is without.
pub fn ensure_components() -> Result<(), String> {
    let components = [("fmt", "rustfmt"), ("clippy", "clippy")];
    let lacks = |command: &str| !process::succeeds(&mut cargo::command([command, "--version"]));
    let missing: Vec<&str> = components.iter().filter(|(command, _)| lacks(command)).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("missing: {}; run `rustup component add {}`", missing.join(", "), missing.join(" ")))
}

fn missing(programs: &'static [Program]) -> Vec<&'static Program> {
    programs.iter().filter(|program| !program.is_installed()).collect()
}

/// Each package once: some have several of the programs.
fn packages(missing: &[&Program]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    packages.dedup();
    packages
}

impl Program {
    fn is_installed(&self) -> bool {
        let runs = |program: &Path| {
            // mariadb-install-db knows no --version, but can tell about itself.
            ["--version", "--help"].iter().any(|word| process::succeeds(Command::new(program).arg(word)))
        };
        // The tests take another browser if they are told of one.
        if self.name == "chromium" && env::var_os("CHROMIUM").is_some() {
            return true;
        }
        self.folders().iter().any(|folder| runs(&folder.join(self.name))) || runs(Path::new(self.name))
    }

    fn folders(&self) -> Vec<PathBuf> {
        match self.folder.map(|folder| folder.split_once('*').ok_or(folder)) {
            None => Vec::new(),
            Some(Err(folder)) => vec![PathBuf::from(folder)],
            Some(Ok((before, after))) => {
                let versions = std::fs::read_dir(before).into_iter().flatten().flatten();
                versions.map(|version| version.path().join(after.trim_start_matches('/'))).collect()
            }
        }
    }
}

fn lack(missing: &[&Program]) -> String {
    let programs: Vec<&str> = missing.iter().map(|program| program.name).collect();
    let packages = packages(missing);
    format!(
        "missing: {}, which the tests start; run `sudo apt-get update && sudo apt-get install --yes {}`, \
         or the like of it where there is no apt-get",
        programs.join(", "),
        packages.join(" "),
    )
}

fn install(packages: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.arg("xtask/install.sh").args(packages).current_dir(cargo::root()).stdin(Stdio::null());
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn has_apt() -> bool {
    process::succeeds(Command::new("apt-get").arg("--version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_with_the_command_that_installs_it() {
        let sentence = lack(&[&SERVERS[1], &SERVERS[2]]);
        assert!(sentence.starts_with("missing: mariadbd, mariadb-install-db,"), "{sentence}");
        assert!(sentence.contains("apt-get install --yes mariadb-server`"), "{sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
    }
}

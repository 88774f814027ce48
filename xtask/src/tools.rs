//! The programs that the tests need and cargo does not bring.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{cargo, process};

/// A server that tests start for themselves.
struct Server {
    program: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    /// Where it is if not in the search path; `*` stands for the one folder in its place whatever its name.
    folder: Option<&'static str>,
}

const SERVERS: &[Server] = &[
    Server { program: "redis-server", package: "redis-server", folder: None },
    Server { program: "mariadbd", package: "mariadb-server", folder: Some("/usr/sbin") },
    Server { program: "mariadb-install-db", package: "mariadb-server", folder: Some("/usr/bin") },
    // Debian keeps each version in a folder of its own, none of them in the search path.
    Server { program: "postgres", package: "postgresql", folder: Some("/usr/lib/postgresql/*/bin") },
    Server { program: "initdb", package: "postgresql", folder: Some("/usr/lib/postgresql/*/bin") },
    // No server, but it counts what one does.
    Server { program: "valgrind", package: "valgrind", folder: None },
    // Nor this, but it tells one a wrong time.
    Server { program: "faketime", package: "faketime", folder: None },
];

/// Installs what is missing if it may (root on a machine with apt-get), else fails naming it and the command to run.
pub fn ensure_servers() -> Result<(), String> {
    let missing = missing_servers();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = packages(&missing);
    if is_root() && has_apt() {
        process::run(&mut install(&packages)).map_err(|why| format!("{why}; {}", lack(&missing)))?;
    }
    match missing_servers().as_slice() {
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

fn missing_servers() -> Vec<&'static Server> {
    SERVERS.iter().filter(|server| !server.is_installed()).collect()
}

/// Each package once: some have several of the programs.
fn packages(missing: &[&Server]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = missing.iter().map(|server| server.package).collect();
    packages.dedup();
    packages
}

impl Server {
    fn is_installed(&self) -> bool {
        let runs = |program: &Path| {
            // mariadb-install-db knows no --version, but can tell about itself.
            ["--version", "--help"].iter().any(|word| process::succeeds(Command::new(program).arg(word)))
        };
        self.folders().iter().any(|folder| runs(&folder.join(self.program))) || runs(Path::new(self.program))
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

fn lack(missing: &[&Server]) -> String {
    let programs: Vec<&str> = missing.iter().map(|server| server.program).collect();
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

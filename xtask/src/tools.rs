//! The programs that the tests need and cargo does not bring.

use std::process::{Command, Stdio};

use crate::{cargo, process};

/// A server that tests start for themselves.
struct Server {
    program: &'static str,
    /// The Debian package that has it.
    package: &'static str,
}

const SERVERS: &[Server] = &[Server { program: "redis-server", package: "redis-server" }];

/// Installs what is missing if it may (root on a machine with apt-get), else fails naming it and the command to run.
pub fn ensure_servers() -> Result<(), String> {
    let missing = missing_servers();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|server| server.package).collect();
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
    let runs = |server: &&Server| process::succeeds(Command::new(server.program).arg("--version"));
    SERVERS.iter().filter(|server| !runs(server)).collect()
}

fn lack(missing: &[&Server]) -> String {
    let programs: Vec<&str> = missing.iter().map(|server| server.program).collect();
    let packages: Vec<&str> = missing.iter().map(|server| server.package).collect();
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
        let sentence = lack(&[&Server { program: "mariadbd", package: "mariadb-server" }]);
        assert!(sentence.starts_with("missing: mariadbd,"), "{sentence}");
        assert!(sentence.contains("apt-get install --yes mariadb-server`"), "{sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
    }
}

//! Brings a peer's program and what it needs to a folder under `target`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use super::{Peer, sources};
use crate::stores;

/// The folder in which the peer's program can run. Installs it there the first time.
pub fn ensure(peer: Peer) -> anyhow::Result<PathBuf> {
    let target = stores::this_program()?;
    let target = target.parent().and_then(Path::parent).context("this program is in no target folder")?;
    let place = target.join("bench-peers").join(peer.folder());
    std::fs::create_dir_all(&place)?;
    for entry in std::fs::read_dir(sources().join(peer.folder()))? {
        let entry = entry?;
        std::fs::copy(entry.path(), place.join(entry.file_name()))?;
    }
    let (program, _) = peer.work();
    match peer {
        Peer::Bullmq if !place.join("node_modules").is_dir() => {
            must(Command::new("npm").args(["install", "--no-audit", "--no-fund"]).current_dir(&place))?;
        }
        Peer::Bullmq => {}
        Peer::Sidekiq => lacks(program, &["ruby-sidekiq"])?,
        Peer::Laravel => lacks(program, &["php-laravel-framework", "php-redis", "php-cli"])?,
    }
    Ok(place)
}

fn lacks(program: &str, packages: &[&str]) -> anyhow::Result<()> {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        bail!("{program} is missing: run `apt-get install --no-install-recommends {}`", packages.join(" "));
    }
    Ok(())
}

fn must(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(status.success(), "{} failed ({status})", command.get_program().display());
    Ok(())
}

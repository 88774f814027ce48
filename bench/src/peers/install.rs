//! Brings a peer's program and what it needs to a folder under `target`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use super::{Peer, sources};
use crate::stores;

/// Has everything there that a drain needs; the first time this may take minutes.
pub fn ensure(peer: Peer) -> anyhow::Result<()> {
    let (source, place) = (sources().join(peer.folder()), place(peer)?);
    std::fs::create_dir_all(&place)?;
    let (program, _) = peer.work();
    match peer {
        Peer::Bullmq | Peer::Graphile => {
            copy(&source, &place)?;
            if !place.join("node_modules").is_dir() {
                must(Command::new("npm").args(["install", "--no-audit", "--no-fund"]).current_dir(&place))?;
            }
        }
        Peer::Apalis | Peer::RustySidekiq => {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let build = ["build", "--release", "--locked", "--target-dir"];
            must(Command::new(cargo).args(build).arg(place.join("target")).current_dir(&source))?;
        }
        Peer::Sidekiq => {
            copy(&source, &place)?;
            lacks(program, &["ruby-sidekiq"])?;
        }
        Peer::Laravel => {
            copy(&source, &place)?;
            lacks(program, &["php-laravel-framework", "php-redis", "php-cli"])?;
        }
    }
    Ok(())
}

/// The folder in which the peer's program runs.
pub fn place(peer: Peer) -> anyhow::Result<PathBuf> {
    let target = stores::this_program()?;
    let target = target.parent().and_then(Path::parent).context("this program is in no target folder")?;
    Ok(target.join("bench-peers").join(peer.folder()))
}

fn copy(source: &Path, place: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(source)? {
        let entry = entry?;
        std::fs::copy(entry.path(), place.join(entry.file_name()))?;
    }
    Ok(())
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

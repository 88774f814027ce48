//! A worker that says by itself how long its drain took.

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Report {
    seconds: f64,
}

/// Runs the worker to its end and reads the line it prints.
pub async fn seconds(command: Command) -> anyhow::Result<f64> {
    let mut command = tokio::process::Command::from(command);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await?;
    ensure!(output.status.success(), "the worker failed ({})", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{')).context("the worker did not say how long it took")?;
    Ok(serde_json::from_str::<Report>(line)?.seconds)
}

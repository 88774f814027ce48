//! `journeyman doctor`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use owo_colors::OwoColorize;
use serde::Serialize;

use super::output::{self, Output, rough};
use super::verify::{self, VerifyOptions};
use super::{Failure, Outcome};
use crate::app;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::{Config, ConfigErrors, Connection};
use crate::drivers::Connected;
use crate::queue::StoreError;
use crate::queue::operations::{Operations, QueueView};

/// Difference of two clocks that is worth a word.
const CLOCKS: Duration = Duration::from_secs(2);
/// Time that a job may wait for a worker before it is worth a word.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Columns before a message.
const MARGIN: usize = 18;

#[derive(Debug, Args)]
pub(super) struct DoctorOptions {
    #[command(subcommand)]
    pub(super) command: Option<DoctorCommand>,
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum DoctorCommand {
    /// Prove that each job is in exactly one place, each reserved one under a lease, each lock with a live owner
    Verify(VerifyOptions),
}

impl DoctorOptions {
    pub(super) fn wants_json(&self) -> bool {
        let Some(DoctorCommand::Verify(options)) = &self.command else { return self.json };
        self.json || options.json
    }

    /// Whether it is about what the store keeps, and not about this process and its settings.
    pub(super) fn is_of_the_store(&self) -> bool {
        self.command.is_some()
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Level {
    Ok,
    /// Works, and should be known.
    Warn,
    /// Does not work.
    Fail,
}

/// One line.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    level: Level,
    message: String,
}

fn check(check: &'static str, level: Level, message: impl Into<String>) -> Check {
    Check { check, level, message: message.into() }
}

/// Exit code 1 if anything does not work.
pub(super) async fn run(config: Config, options: DoctorOptions, output: Output) -> Outcome {
    if let Some(DoctorCommand::Verify(options)) = options.command {
        return verify::run(config, options, output).await;
    }
    let mut checks = vec![check("config", Level::Ok, "every setting is valid; `journeyman config show` lists them")];
    match app::open(&config).await {
        Ok(connected) => look(&config, &connected, &mut checks).await,
        Err(error) => checks.push(check("store", Level::Fail, error.to_string())),
    }
    tell(&checks, output)
}

/// Settings that are wrong leave nothing else to look at.
pub(super) fn without_config(errors: &ConfigErrors, output: Output) -> Outcome {
    let wrong = errors.to_string();
    let checks: Vec<Check> = wrong.lines().map(|line| check("config", Level::Fail, line)).collect();
    tell(&checks, output)
}

async fn look(config: &Config, connected: &Connected, checks: &mut Vec<Check>) {
    let store = &connected.store;
    if let Err(error) = store.ping().await {
        checks.push(check("store", Level::Fail, format!("{}: {error}", connected.name)));
        return;
    }
    checks.push(check("store", Level::Ok, format!("{} answers", connected.name)));
    checks.push(schema(config));
    checks.push(store.durability().await.map_or_else(|error| failed("durability", &error), durability));
    let here = SystemClock::default().now();
    checks.push(store.time().await.map_or_else(|error| failed("clock", &error), |there| clock(here, there)));
    let operations = app::operations(config, connected);
    match operations.view_all().await {
        Ok(views) => {
            checks.push(paused(&views));
            checks.push(failures(&views));
            checks.push(waiting(&operations, &views).await.unwrap_or_else(|error| failed("waiting", &error)));
        }
        Err(error) => checks.push(failed("queues", &error)),
    }
}

fn failed(name: &'static str, error: &StoreError) -> Check {
    check(name, Level::Fail, error.to_string())
}

/// Connecting has brought the tables of an embedded store up to date.
fn schema(config: &Config) -> Check {
    let message = match config.store.connection {
        Connection::Sqlite | Connection::Database => "the tables are up to date",
        _ => "this store needs no tables",
    };
    check("schema", Level::Ok, message)
}

/// The drivers begin what they say with the level.
fn durability(found: String) -> Check {
    let loses =
        ["memory", "snapshots", "unknown", "append-only", "evicting"].iter().any(|level| found.starts_with(level));
    check("durability", if loses { Level::Warn } else { Level::Ok }, found)
}

/// The store's clock decides when jobs run; this one only shows in logs.
fn clock(here: Timestamp, there: Timestamp) -> Check {
    let apart = here.since(there).max(there.since(here));
    if apart < CLOCKS {
        return check(
            "clock",
            Level::Ok,
            format!("the store's clock and this machine's agree within {} s", CLOCKS.as_secs()),
        );
    }
    let which = if there > here { "ahead of" } else { "behind" };
    let message =
        format!("the store's clock is {} {which} this machine's; the store's decides when jobs run", rough(apart));
    check("clock", Level::Warn, message)
}

fn paused(views: &[QueueView]) -> Check {
    let names: Vec<&str> = views.iter().filter(|view| view.is_paused).map(|view| view.stats.queue.as_str()).collect();
    if names.is_empty() {
        return check("paused", Level::Ok, "no queue is paused");
    }
    check("paused", Level::Warn, format!("{}; `journeyman resume` ends a pause", names.join(", ")))
}

fn failures(views: &[QueueView]) -> Check {
    let failed: u64 = views.iter().map(|view| view.stats.failed).sum();
    if failed == 0 {
        return check("failed", Level::Ok, "no failed jobs");
    }
    check("failed", Level::Warn, format!("{failed} failed jobs; `journeyman failed` lists them"))
}

/// Of each queue the job that would run next: if that one has waited long, no worker serves the queue, or too few.
async fn waiting(operations: &Operations, views: &[QueueView]) -> Result<Check, StoreError> {
    let now = operations.store().time().await?;
    let mut longest: Option<(Duration, &QueueView)> = None;
    for view in views.iter().filter(|view| view.stats.total_pending() > 0) {
        let Some(job) = operations.next_pending(&view.stats.queue).await? else { continue };
        let waited = now.since(job.available_at);
        if longest.is_none_or(|(most, _)| waited > most) {
            longest = Some((waited, view));
        }
    }
    let Some((waited, view)) = longest else { return Ok(check("waiting", Level::Ok, "no job waits for a worker")) };
    let message = format!("the next job of queue {} has waited {}", view.stats.queue, rough(waited));
    if waited < PATIENCE || view.is_paused {
        return Ok(check("waiting", Level::Ok, message));
    }
    Ok(check("waiting", Level::Warn, format!("{message}; is a worker running that serves it?")))
}

fn tell(checks: &[Check], output: Output) -> Outcome {
    if output.is_json() {
        output.json(&checks)?;
    } else {
        for Check { check, level, message } in checks {
            let word = match level {
                Level::Ok => "OK  ".green().to_string(),
                Level::Warn => "WARN".yellow().bold().to_string(),
                Level::Fail => "FAIL".red().bold().to_string(),
            };
            let message = output::wrapped(message, 80 - MARGIN).join(&format!("\n{:MARGIN$}", ""));
            output::line(format_args!("{word}  {check:<10}  {message}")).map_err(Failure::from)?;
        }
    }
    let is_broken = checks.iter().any(|check| check.level == Level::Fail);
    Ok(if is_broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

//! `journeyman doctor`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use owo_colors::OwoColorize;

use super::output::{self, Output};
use super::verify::{self, VerifyOptions};
use super::{Failure, Outcome};
use crate::app;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigErrors, Connection};
use crate::drivers::Connected;
use crate::queue::operations::{Check, Level};

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

/// Exit code 1 if anything does not work.
pub(super) async fn run(config: Config, options: DoctorOptions, output: Output) -> Outcome {
    if let Some(DoctorCommand::Verify(options)) = options.command {
        return verify::run(config, options, output).await;
    }
    let mut checks =
        vec![Check::new("config", Level::Ok, "every setting is valid; `journeyman config show` lists them")];
    match app::open(&config).await {
        Ok(connected) => look(&config, &connected, &mut checks).await,
        Err(error) => checks.push(Check::new("store", Level::Fail, error.to_string())),
    }
    tell(&checks, output)
}

/// Settings that are wrong leave nothing else to look at.
pub(super) fn without_config(errors: &ConfigErrors, output: Output) -> Outcome {
    let wrong = errors.to_string();
    let checks: Vec<Check> = wrong.lines().map(|line| Check::new("config", Level::Fail, line)).collect();
    tell(&checks, output)
}

async fn look(config: &Config, connected: &Connected, checks: &mut Vec<Check>) {
    let here = SystemClock::default().now();
    let found = app::operations(config, connected).checkup(&connected.name, here).await;
    let answers = found.first().is_some_and(|first| first.level == Level::Ok);
    let (store, rest) = found.split_at(found.len().min(1));
    checks.extend_from_slice(store);
    if answers {
        checks.push(schema(config));
    }
    checks.extend_from_slice(rest);
}

/// Connecting has brought the tables of an embedded store up to date.
fn schema(config: &Config) -> Check {
    let message = match config.store.connection {
        Connection::Sqlite | Connection::Database => "the tables are up to date",
        _ => "this store needs no tables",
    };
    Check::new("schema", Level::Ok, message)
}

fn tell(checks: &[Check], output: Output) -> Outcome {
    if output.is_json() {
        output.json(&checks)?;
    } else {
        for Check { name: check, level, message } in checks {
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

//! `journeyman prune`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::audit::recorded;
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;
use crate::queue::Retention;

#[derive(Debug, Args)]
pub(super) struct PruneOptions {
    /// Keep only what ended at most this long ago [default: retention.backup_ttl]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    hours: Option<u32>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: PruneOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let ttl = options.hours.map_or(config.retention.backup_ttl, |hours| Duration::from_secs(u64::from(hours) * 3600));
    let pruning = operations.prune(Retention { ttl, max_records: config.retention.max_records });
    let target = options.hours.map(|hours| format!("hours={hours}"));
    let count = recorded(&operations, "prune", target, pruning, |count| format!("pruned {count}")).await?;
    output.tell(&json!({"pruned": count}), format_args!("{count} records of ended jobs removed"))?;
    Ok(ExitCode::SUCCESS)
}

//! `journeyman flush`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use journeyman_job::QueueName;
use serde_json::json;

use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct FlushOptions {
    /// Only of this queue
    #[arg(long, value_name = "NAME")]
    queue: Option<QueueName>,
    /// Only of jobs that failed longer ago
    #[arg(long, value_name = "N")]
    hours: Option<u32>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: FlushOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let age = options.hours.map(|hours| Duration::from_secs(u64::from(hours) * 3600));
    let (mut count, mut start) = (0, None);
    loop {
        let cleared = operations.flush(options.queue.as_ref(), age, start).await?;
        count += cleared.count;
        start = cleared.next;
        if start.is_none() {
            break;
        }
    }
    output.tell(&json!({"forgotten": count}), format_args!("{count} records of failed jobs removed"))?;
    Ok(ExitCode::SUCCESS)
}

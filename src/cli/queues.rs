//! `journeyman queues`.

use std::process::ExitCode;

use clap::Args;
use journeyman_job::QueueName;

use super::output::{self, Output, counts, short};
use super::{Outcome, operations};
use crate::config::Config;
use crate::http::Queues;
use crate::queue::operations::QueueView;

#[derive(Debug, Args)]
pub(super) struct QueuesOptions {
    /// Only these queues
    #[arg(value_name = "QUEUE", value_delimiter = ',')]
    queues: Vec<QueueName>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: QueuesOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let mut views = Vec::new();
    for queue in &options.queues {
        views.push(operations.view(queue).await?);
    }
    if options.queues.is_empty() {
        views = operations.view_all().await?;
    }
    let since = operations.waiting_since(&views).await?;
    if output.is_json() {
        output.json(&Queues::of(views, since))?;
        return Ok(ExitCode::SUCCESS);
    }
    // After the heads: one that became due in between has waited already.
    let now = operations.store().time().await?;
    let mut table = counts(["queue", "state", "pending", "delayed", "running", "failed", "oldest"]);
    for (QueueView { stats, is_paused }, since) in views.iter().zip(since) {
        let state = if *is_paused { "paused" } else { "running" };
        let numbers = [stats.total_pending(), stats.delayed, stats.reserved, stats.failed].map(|n| n.to_string());
        let oldest = since.map(|since| short(now.since(since))).unwrap_or_default();
        table.add_row([stats.queue.to_string(), state.to_owned()].into_iter().chain(numbers).chain([oldest]));
    }
    output::line(table)?;
    Ok(ExitCode::SUCCESS)
}

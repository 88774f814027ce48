//! `journeyman monitor`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use journeyman_job::QueueName;
use serde::Serialize;

use super::output::{Output, counts};
use super::{Outcome, operations};
use crate::clock::rough;
use crate::config::Config;
use crate::queue::operations::QueueView;

#[derive(Debug, Args)]
pub(super) struct MonitorOptions {
    /// Queues to look at, with commas between
    #[arg(value_name = "QUEUES", required = true, value_delimiter = ',')]
    queues: Vec<QueueName>,
    /// Size from which on a queue is too long
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max: u64,
    #[arg(long)]
    pub(super) json: bool,
}

/// A queue as it is found.
#[derive(Debug, Serialize)]
struct Row {
    queue: QueueName,
    size: u64,
    pending: u64,
    delayed: u64,
    reserved: u64,
    paused: bool,
    /// How long the job that runs next has waited, seconds; `null` if none is pending.
    waiting: Option<f64>,
    /// `OK` or `ALERT`.
    status: &'static str,
}

/// Exit code 1 when any queue is at its maximum or above, so that cron tells.
pub(super) async fn run(config: Config, options: MonitorOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let now = operations.store().time().await?;
    let mut rows = Vec::new();
    for queue in options.queues {
        let QueueView { stats, is_paused } = operations.view(&queue).await?;
        let next = operations.next_pending(&queue).await?;
        rows.push(Row {
            size: stats.size(),
            pending: stats.total_pending(),
            delayed: stats.delayed,
            reserved: stats.reserved,
            paused: is_paused,
            waiting: next.map(|job| now.since(job.available_at).as_secs_f64()),
            status: if stats.size() >= options.max { "ALERT" } else { "OK" },
            queue,
        });
    }
    output.show(&rows, || {
        let mut table = counts(["queue", "size", "pending", "delayed", "reserved", "waiting", "status"]);
        for row in &rows {
            let name = if row.paused { format!("{} (paused)", row.queue) } else { row.queue.to_string() };
            let numbers = [row.size, row.pending, row.delayed, row.reserved].map(|number| number.to_string());
            let waiting = row.waiting.map(|seconds| rough(Duration::from_secs_f64(seconds))).unwrap_or_default();
            table.add_row([name].into_iter().chain(numbers).chain([waiting, row.status.to_owned()]));
        }
        table
    })?;
    let is_long = rows.iter().any(|row| row.status == "ALERT");
    Ok(if is_long { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

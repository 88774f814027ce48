//! `journeyman stats`.

use std::process::ExitCode;

use journeyman_job::QueueName;

use super::Outcome;
use super::operations;
use super::output::{Output, counts};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::http::Stats;
use crate::queue::operations::QueueView;

pub(super) async fn run(config: Config, queue: Option<QueueName>, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let queues = match &queue {
        Some(queue) => vec![operations.view(queue).await?],
        None => operations.view_all().await?,
    };
    // No worker runs in this process, so its pool is idle.
    output.show(&Stats::of(&queues, 0.0, SystemClock::default().now()), || {
        let header = ["queue", "pending", "delayed", "reserved", "completed", "failed", "processed", "retried"];
        let mut shown = counts(header);
        for QueueView { stats, is_paused } in &queues {
            let name = if *is_paused { format!("{} (paused)", stats.queue) } else { stats.queue.to_string() };
            let numbers = [
                stats.total_pending(),
                stats.delayed,
                stats.reserved,
                stats.completed,
                stats.failed,
                stats.counters.processed,
                stats.counters.retried,
            ];
            shown.add_row(std::iter::once(name).chain(numbers.map(|number| number.to_string())));
        }
        shown
    })?;
    Ok(ExitCode::SUCCESS)
}

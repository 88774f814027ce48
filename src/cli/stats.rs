//! `journeyman stats`.

use std::process::ExitCode;

use journeyman_job::QueueName;

use super::Outcome;
use super::output::{Output, table};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::drivers;
use crate::http::Stats;

pub(super) async fn run(config: Config, queue: Option<QueueName>, output: Output) -> Outcome {
    let store = drivers::connect(&config).await?.store;
    let queues = match queue {
        Some(queue) => vec![queue],
        None => store.queues().await?,
    };
    let stats = store.stats(&queues).await?;
    // No worker runs in this process, so its pool is idle.
    output.show(&Stats::of(&stats, 0.0, SystemClock::default().now()), || {
        let header = ["queue", "pending", "delayed", "reserved", "completed", "failed", "processed", "retried"];
        let mut shown = table(header);
        for queue in &stats {
            let numbers = [
                queue.total_pending(),
                queue.delayed,
                queue.reserved,
                queue.completed,
                queue.failed,
                queue.counters.processed,
                queue.counters.retried,
            ];
            shown.add_row(std::iter::once(queue.queue.to_string()).chain(numbers.map(|number| number.to_string())));
        }
        shown
    })?;
    Ok(ExitCode::SUCCESS)
}

//! `journeyman flush`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use journeyman_job::QueueName;
use serde_json::json;

use super::audit::recorded;
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;
use crate::queue::operations::{OperationError, Operations};

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
    let queue = options.queue.as_ref().map_or("every queue".to_owned(), ToString::to_string);
    let target = options.hours.map_or(queue.clone(), |hours| format!("{queue}, hours={hours}"));
    let flushing = flush(&operations, options.queue.as_ref(), age);
    let count = recorded(&operations, "flush", Some(target), flushing, |count| format!("forgotten {count}")).await?;
    output.tell(&json!({"forgotten": count}), format_args!("{count} records of failed jobs removed"))?;
    Ok(ExitCode::SUCCESS)
}

async fn flush(
    operations: &Operations,
    queue: Option<&QueueName>,
    age: Option<Duration>,
) -> Result<u64, OperationError> {
    let (mut count, mut start) = (0, None);
    loop {
        let cleared = operations.flush(queue, age, start).await?;
        count += cleared.count;
        start = cleared.next;
        if start.is_none() {
            return Ok(count);
        }
    }
}

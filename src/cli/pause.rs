//! `journeyman pause` and `journeyman resume`.

use std::process::ExitCode;

use clap::Args;
use journeyman_job::QueueName;
use serde_json::{Value, json};

use super::audit::recorded;
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct PauseOptions {
    /// The queues
    #[arg(value_name = "QUEUE", required = true, value_delimiter = ',')]
    queues: Vec<QueueName>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn pause(config: Config, options: PauseOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let known = operations.queues().await?;
    for queue in &options.queues {
        recorded(&operations, "pause", Some(queue.to_string()), operations.pause(queue), |()| "done".to_owned())
            .await?;
    }
    let note = |queue: &QueueName| {
        let is_new = !known.contains(queue);
        if is_new { "paused before anything was pushed to it" } else { "paused; what runs goes on" }
    };
    tell(&options.queues, true, note, output)
}

pub(super) async fn resume(config: Config, options: PauseOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let paused = operations.store().control().await?.paused;
    for queue in &options.queues {
        recorded(&operations, "resume", Some(queue.to_string()), operations.resume(queue), |()| "done".to_owned())
            .await?;
    }
    let note = |queue: &QueueName| if paused.contains(queue) { "resumed" } else { "was not paused" };
    tell(&options.queues, false, note, output)
}

fn tell(queues: &[QueueName], paused: bool, note: impl Fn(&QueueName) -> &'static str, output: Output) -> Outcome {
    let rows: Vec<Value> = queues.iter().map(|queue| json!({"queue_name": queue, "paused": paused})).collect();
    let lines: Vec<String> = queues.iter().map(|queue| format!("{queue}: {}", note(queue))).collect();
    output.tell(&rows, lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

//! `journeyman purge`.

use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use clap::Args;
use journeyman_job::{Priority, QueueName};
use serde_json::json;

use super::audit::recorded;
use super::output::{self, Output};
use super::{Failure, Outcome, operations};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct PurgeOptions {
    /// The queue to empty
    queue: QueueName,
    /// Only jobs of this priority
    #[arg(long)]
    priority: Option<Priority>,
    /// Do not ask
    #[arg(long)]
    force: bool,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: PurgeOptions, output: Output) -> Outcome {
    let PurgeOptions { queue, priority, force, .. } = options;
    let (operations, store) = operations(&config).await?;
    let stats = operations.view(&queue).await?.stats;
    if !force {
        let waiting = stats.total_pending() + stats.delayed;
        let which = priority.map_or_else(String::new, |priority| format!(" of priority {priority}"));
        let what = format!("the jobs{which} that wait in queue {queue} of {store} ({waiting} in all)");
        if !stdin().is_terminal() {
            let message = format!("this removes {what} for good; say --force, as there is nobody to ask");
            return Err(Failure::Other(message));
        }
        if !output::ask(&format!("Remove {what} for good?"))? {
            return Err(Failure::Other("nothing was removed".to_owned()));
        }
    }
    let target = priority.map_or(queue.to_string(), |priority| format!("{queue}, priority={priority}"));
    let purging = operations.purge(&queue, priority);
    let purged = recorded(&operations, "purge", Some(target), purging, |purged| format!("purged {purged}")).await?;
    output.tell(&json!({"queue_name": queue, "purged": purged}), format_args!("{purged} jobs removed from {queue}"))?;
    Ok(ExitCode::SUCCESS)
}

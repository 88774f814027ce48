//! `journeyman size`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use journeyman_job::QueueName;

use super::output::{Output, counts};
use super::{Outcome, operations};
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct SizeOptions {
    /// Queues whose jobs to count: those that have not ended
    #[arg(value_name = "QUEUE", required = true, value_delimiter = ',')]
    queues: Vec<QueueName>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: SizeOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let mut sizes = BTreeMap::new();
    for queue in &options.queues {
        sizes.insert(queue, operations.view(queue).await?.stats.size());
    }
    output.show(&sizes, || {
        let mut table = counts(["queue", "size"]);
        for (queue, size) in &sizes {
            table.add_row([queue.to_string(), size.to_string()]);
        }
        table
    })?;
    Ok(ExitCode::SUCCESS)
}

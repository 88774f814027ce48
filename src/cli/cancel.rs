//! `journeyman cancel`.

use clap::Args;
use journeyman_job::JobId;

use super::by_id::{self, Told};
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;
use crate::queue::Cancelled;

#[derive(Debug, Args)]
pub(super) struct CancelOptions {
    /// Jobs that wait
    #[arg(value_name = "ID", required = true)]
    ids: Vec<JobId>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: CancelOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let mut all = Vec::with_capacity(options.ids.len());
    for id in options.ids {
        all.push(match operations.store().cancel(id).await? {
            Cancelled::Done => Told::done(id, "cancelled"),
            Cancelled::Not(state) => {
                Told::left(id, state.as_str(), format!("is {state}: only pending and delayed jobs can be cancelled"))
            }
            Cancelled::Nothing => Told::nothing(id),
        });
    }
    by_id::tell(&all, output)
}

//! `journeyman cancel`.

use clap::Args;
use journeyman_job::JobId;

use super::by_id::{self, Told};
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;
use crate::queue::operations::Operations;
use crate::queue::{Cancelled, StoreError};

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
    let cancelling = cancel(&operations, &options.ids);
    by_id::do_and_tell(&operations, "cancel", &options.ids, cancelling, output).await
}

async fn cancel(operations: &Operations, ids: &[JobId]) -> Result<Vec<Told>, StoreError> {
    let mut all = Vec::with_capacity(ids.len());
    for &id in ids {
        all.push(match operations.store().cancel(id).await? {
            Cancelled::Done => Told::done(id, "cancelled"),
            Cancelled::Not(state) => {
                Told::left(id, state.as_str(), format!("is {state}: only pending and delayed jobs can be cancelled"))
            }
            Cancelled::Nothing => Told::nothing(id),
        });
    }
    Ok(all)
}

//! `journeyman forget`.

use clap::Args;
use journeyman_job::JobId;

use super::by_id::{self, Told};
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;
use crate::queue::operations::Operations;
use crate::queue::{Forgotten, StoreError};

#[derive(Debug, Args)]
pub(super) struct ForgetOptions {
    /// Jobs that have ended
    #[arg(value_name = "ID", required = true)]
    ids: Vec<JobId>,
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn run(config: Config, options: ForgetOptions, output: Output) -> Outcome {
    let (operations, _) = operations(&config).await?;
    let forgetting = forget(&operations, &options.ids);
    by_id::do_and_tell(&operations, "forget", &options.ids, forgetting, output).await
}

async fn forget(operations: &Operations, ids: &[JobId]) -> Result<Vec<Told>, StoreError> {
    let mut all = Vec::with_capacity(ids.len());
    for &id in ids {
        all.push(match operations.forget(id).await? {
            Forgotten::Done => Told::done(id, "forgotten"),
            Forgotten::Not(state) => {
                Told::left(id, state.as_str(), format!("is {state}: only jobs that have ended can be forgotten"))
            }
            Forgotten::Nothing => Told::nothing(id),
        });
    }
    Ok(all)
}

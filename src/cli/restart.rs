//! `journeyman restart`.

use std::process::ExitCode;

use serde_json::json;

use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;

pub(super) async fn run(config: Config, output: Output) -> Outcome {
    let (operations, name) = operations(&config).await?;
    operations.store().signal_restart().await?;
    let restarts = operations.store().control().await?.restarts;
    output.tell(
        &json!({"restarts": restarts}),
        format_args!("told the workers of {name} to restart: each stops once its jobs are done"),
    )?;
    Ok(ExitCode::SUCCESS)
}

//! `journeyman restart`.

use std::process::ExitCode;

use serde_json::json;

use super::audit::recorded;
use super::output::Output;
use super::{Outcome, operations};
use crate::config::Config;

pub(super) async fn run(config: Config, output: Output) -> Outcome {
    let (operations, name) = operations(&config).await?;
    let telling = operations.store().signal_restart();
    recorded(&operations, "restart", None, telling, |()| "done".to_owned()).await?;
    let restarts = operations.store().control().await?.restarts;
    output.tell(
        &json!({"restarts": restarts}),
        format_args!("told the workers of {name} to restart: each stops once its jobs are done"),
    )?;
    Ok(ExitCode::SUCCESS)
}

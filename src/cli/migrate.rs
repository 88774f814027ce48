//! `journeyman migrate`.

use std::process::ExitCode;

use super::Outcome;
use super::output::Output;
use crate::config::{Config, Connection};
use crate::drivers;

pub(super) async fn run(config: Config, output: Output) -> Outcome {
    // Connecting to an embedded store creates and updates its tables; the others have none so far.
    let connected = drivers::connect(&config).await?;
    let done = match config.store.connection {
        Connection::Sqlite => "tables are up to date",
        Connection::Redis | Connection::Memory | Connection::Sync | Connection::Null => "needs no tables",
    };
    output.tell(&serde_json::json!({"store": connected.name}), format!("{}: {done}", connected.name))?;
    Ok(ExitCode::SUCCESS)
}

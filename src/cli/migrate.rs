//! `journeyman migrate`.

use std::process::ExitCode;

use super::arguments::MigrateOptions;
use super::output::Output;
use super::{Failure, Outcome};
use crate::app;
use crate::config::{Config, Connection};
use crate::drivers;
use crate::tables::Ours;

pub(super) async fn run(config: Config, options: MigrateOptions, output: Output) -> Outcome {
    drivers::migrate(&config).await?;
    let connected = drivers::connect(&config).await?;
    let done = match config.store.connection {
        Connection::Sqlite | Connection::Database => "tables are up to date",
        Connection::Redis | Connection::Memory | Connection::Sync | Connection::Null => "needs no tables",
    };
    output.tell(&serde_json::json!({"store": connected.name}), format!("{}: {done}", connected.name))?;
    let ours = match options {
        MigrateOptions { examples: true, .. } => Ours::Examples,
        MigrateOptions { tables: true, .. } => Ours::Operations,
        MigrateOptions { .. } => return Ok(ExitCode::SUCCESS),
    };
    let tables = app::tables(&config);
    let name = tables.name();
    tables.migrate(ours).await.map_err(|fault| Failure::Other(format!("{name}: {fault}")))?;
    output.tell(&serde_json::json!({"tables": name}), format!("{name}: the application's tables are up to date"))?;
    Ok(ExitCode::SUCCESS)
}

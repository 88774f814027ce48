//! `journeyman migrate`.

use std::process::ExitCode;

use serde_json::json;

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
    let store = &connected.name;
    let mut told = format!("{store}: {done}");
    let ours = match options {
        MigrateOptions { examples: true, .. } => Ours::Examples,
        MigrateOptions { tables: true, .. } => Ours::Operations,
        MigrateOptions { .. } => {
            output.tell(&json!({"store": store}), told)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let tables = app::tables(&config);
    let name = tables.name();
    tables.migrate(ours).await.map_err(|fault| Failure::Other(format!("{told}\n{name}: {fault}")))?;
    told += &format!("\n{name}: the application's tables are up to date");
    output.tell(&json!({"store": store, "tables": name}), told)?;
    Ok(ExitCode::SUCCESS)
}

//! `journeyman work`.

use std::process::ExitCode;

use journeyman_job::registry;
use tracing::info;

use super::Outcome;
use super::arguments::WorkOptions;
use super::work_lines;
use crate::app::App;
use crate::config::Config;
use crate::shutdown;

pub(super) async fn run(config: Config, options: WorkOptions) -> Outcome {
    registry::check()?;
    let shutdown = shutdown::on_signal()?;
    // A signal also ends the wait for a store that does not answer.
    let Some(app) = shutdown.run_until_cancelled(App::start(config)).await else { return Ok(ExitCode::SUCCESS) };
    let app = app?;
    let observer = work_lines::observer(options.json);
    let worker = app.work(options.once || options.stop_when_empty, Some(observer))?;
    info!(
        store = app.connected.name,
        queues = app.config.worker.queues.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        other_queues = app.config.worker.all_queues,
        slots = app.worker_slots(),
        "working; Ctrl-C stops"
    );
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = worker.finished() => {}
    }
    worker.stop().await;
    Ok(ExitCode::SUCCESS)
}

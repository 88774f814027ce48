//! `journeyman work`.

use std::process::ExitCode;

use journeyman_job::registry;
use tracing::info;

use super::arguments::WorkOptions;
use super::{Outcome, probes, work_lines};
use crate::app::App;
use crate::config::Config;
use crate::shutdown;

pub(super) async fn run(config: Config, options: WorkOptions) -> Outcome {
    registry::check()?;
    let shutdown = shutdown::on_signal()?;
    // A signal also ends the wait for a store that does not answer.
    let Some(app) = shutdown.run_until_cancelled(App::start(config)).await else { return Ok(ExitCode::SUCCESS) };
    let app = app?;
    // Before any job is taken: a failure from here on would leave it to its lease.
    let probes = probes::listen(&app).await?;
    let observer = work_lines::observer(options.json);
    let worker = app.work(options.once || options.stop_when_empty, Some(observer))?;
    let workers = app.worker_gauge(Some(&worker));
    app.watch_metrics(workers.clone(), shutdown.clone());
    app.keep_history(shutdown.clone());
    let probes = probes.map(|probes| probes.serve(&app, workers, shutdown.clone()));
    info!(
        store = app.connected.name,
        queues = app.config.worker.queues.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        other_queues = app.config.worker.all_queues,
        slots = app.worker_slots(),
        "working; Ctrl-C stops"
    );
    // One that ends by itself has nothing to cut off: what it runs may take its time, until a signal says otherwise.
    let done = async {
        worker.finished().await;
        worker.drained().await;
    };
    shutdown.run_until_cancelled(done).await;
    // Also when the worker ends by itself; until it has, whoever watches it is answered.
    worker.stop().await;
    app.end_history().await;
    shutdown.cancel();
    if let Some(probes) = probes {
        // Nobody who reads metrics minds a connection that is cut.
        let _ = probes.await;
    }
    Ok(ExitCode::SUCCESS)
}

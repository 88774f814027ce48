//! The workers inside a server: started anew in place when operators say so.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Failure;
use crate::app::App;
use crate::config::Config;
use crate::http::WorkerGauge;
use crate::worker::Worker;

/// The same configuration for workers that do not stop by themselves. In a process of their own they are started again by
/// whoever watches it; a server whose workers rest looks healthy and does nothing.
pub(super) fn without_limits(mut config: Config) -> Config {
    let worker = &mut config.worker;
    let limits = (worker.max_jobs.take(), worker.max_time.take(), worker.memory.take());
    if limits != (None, None, None) {
        warn!("worker.max_jobs, worker.max_time and worker.memory hold for `journeyman work` alone, not for a server");
    }
    config
}

/// The present workers, if there are any.
pub(super) struct Crew<'a> {
    app: &'a App,
    worker: Option<Worker>,
    /// Reads how busy the present workers are.
    gauge: Arc<Mutex<WorkerGauge>>,
}

impl<'a> Crew<'a> {
    pub(super) fn start(app: &'a App, works: bool, shutdown: &CancellationToken) -> Result<Self, Failure> {
        let worker = if works { Some(app.work(false, None)?) } else { None };
        if works {
            app.keep_history(shutdown.clone());
        }
        let gauge = Arc::new(Mutex::new(app.worker_gauge(worker.as_ref())));
        Ok(Self { app, worker, gauge })
    }

    /// Reads how busy the workers are, also after they were started anew.
    pub(super) fn gauge(&self) -> WorkerGauge {
        let present = Arc::clone(&self.gauge);
        WorkerGauge::new(move || present.lock().unwrap_or_else(PoisonError::into_inner).read())
    }

    /// Works until `shutdown`. Workers that cannot be started anew end the server too: it would look healthy and do
    /// nothing.
    pub(super) async fn run(mut self, shutdown: CancellationToken) -> Result<(), Failure> {
        // Workers that finish what they run, beside those that took their place.
        let mut leaving = JoinSet::new();
        let mut worked = Ok(());
        while let Some(worker) = self.worker.take() {
            let finished = shutdown.run_until_cancelled(worker.finished()).await.is_some();
            let is_told_to_leave = worker.is_told_to_leave();
            let told = shutdown.clone();
            leaving.spawn(async move {
                told.run_until_cancelled(worker.drained()).await;
                worker.stop().await;
            });
            if finished && is_told_to_leave {
                warn!("the workers were told to stop: this server goes on without any until it is started again");
            } else if finished && !shutdown.is_cancelled() {
                info!("the workers start anew");
                match self.anew() {
                    Ok(worker) => self.worker = Some(worker),
                    Err(error) => {
                        worked = Err(error);
                        shutdown.cancel();
                    }
                }
            }
        }
        let has_worked = !leaving.is_empty();
        while leaving.join_next().await.is_some() {}
        if has_worked {
            self.app.end_history().await;
        }
        worked
    }

    fn anew(&self) -> Result<Worker, Failure> {
        let worker = self.app.work(false, None)?;
        *self.gauge.lock().unwrap_or_else(PoisonError::into_inner) = self.app.worker_gauge(Some(&worker));
        Ok(worker)
    }
}

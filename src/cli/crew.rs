//! The workers inside a server: started anew in place when operators say so.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Failure;
use crate::app::App;
use crate::http::WorkerGauge;
use crate::worker::Worker;

/// The present workers, if there are any.
pub(super) struct Crew<'a> {
    app: &'a App,
    worker: Option<Worker>,
    /// Reads how busy the present workers are.
    gauge: Arc<Mutex<WorkerGauge>>,
}

impl<'a> Crew<'a> {
    pub(super) fn start(app: &'a App, works: bool) -> Result<Self, Failure> {
        let worker = if works { Some(app.work(false, None)?) } else { None };
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
        while let Some(worker) = self.worker.take() {
            let wants_restart = tokio::select! {
                () = shutdown.cancelled() => false,
                () = worker.finished() => worker.wants_restart(),
            };
            if !wants_restart {
                // One that has reached a limit of its own rests until the server ends.
                shutdown.cancelled().await;
            }
            worker.stop().await;
            if wants_restart && !shutdown.is_cancelled() {
                info!("the workers start anew");
                self.worker = Some(self.anew().inspect_err(|_| shutdown.cancel())?);
            }
        }
        Ok(())
    }

    fn anew(&self) -> Result<Worker, Failure> {
        let worker = self.app.work(false, None)?;
        *self.gauge.lock().unwrap_or_else(PoisonError::into_inner) = self.app.worker_gauge(Some(&worker));
        Ok(worker)
    }
}

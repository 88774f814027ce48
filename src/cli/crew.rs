//! The workers inside a server: started anew in place when operators say so.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Failure;
use crate::app::App;
use crate::http::PoolGauge;
use crate::worker::{BlockingPool, Worker};

/// The present workers, if there are any.
pub(super) struct Crew<'a> {
    app: &'a App,
    worker: Option<Worker>,
    /// Of the present workers.
    pool: Option<Arc<Mutex<BlockingPool>>>,
}

impl<'a> Crew<'a> {
    pub(super) fn start(app: &'a App, works: bool) -> Result<Self, Failure> {
        let worker = if works { Some(app.work(false, None)?) } else { None };
        let pool = worker.as_ref().map(|worker| Arc::new(Mutex::new(worker.pool().clone())));
        Ok(Self { app, worker, pool })
    }

    /// Reads how busy the pool is, also after the workers were started anew.
    pub(super) fn gauge(&self) -> PoolGauge {
        let Some(pool) = self.pool.clone() else { return PoolGauge::default() };
        PoolGauge::new(move || pool.lock().unwrap_or_else(PoisonError::into_inner).utilization())
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
        if let Some(pool) = &self.pool {
            *pool.lock().unwrap_or_else(PoisonError::into_inner) = worker.pool().clone();
        }
        Ok(worker)
    }
}

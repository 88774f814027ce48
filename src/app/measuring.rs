//! Connects what runs with what counts.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::App;
use crate::http::WorkerGauge;
use crate::metrics::history::Recorder;
use crate::metrics::{Metrics, Watch, Workers};
use crate::worker::{Happened, JobEvent, Observer, Worker};

impl App {
    /// How busy `worker` is, to be read whenever it is asked.
    pub fn worker_gauge(&self, worker: Option<&Worker>) -> WorkerGauge {
        let Some(worker) = worker else { return WorkerGauge::default() };
        let (busy, pool) = (worker.busy(), worker.pool().clone());
        let (slots, pool_size) = (self.worker_slots(), self.config.worker.thread_pool_size);
        WorkerGauge::new(move || {
            let pool_utilization = pool.utilization() / 100.0;
            Workers { slots, busy: busy(), pool_size, pool_utilization }
        })
    }

    /// Writes down what this process's workers run, until `shutdown`.
    pub fn keep_history(&self, shutdown: CancellationToken) {
        if let Some(history) = self.history.clone() {
            let store = Arc::clone(&self.connected.store);
            tokio::spawn(async move { history.run(store.as_ref(), &shutdown).await });
        }
    }

    /// Writes down the last of it, once the workers have stopped.
    pub async fn end_history(&self) {
        if let Some(history) = &self.history {
            history.flush(self.connected.store.as_ref()).await;
        }
    }

    /// Logs the numbers that move, until `shutdown`, if metrics are wanted.
    pub fn watch_metrics(&self, workers: WorkerGauge, shutdown: CancellationToken) {
        let metrics = &self.config.metrics;
        if metrics.enabled {
            let watch = Watch {
                store: Arc::clone(&self.connected.store),
                pool: Arc::new(move || workers.read().pool_utilization * 100.0),
                threshold: metrics.log_threshold.get(),
                interval: metrics.log_interval,
            };
            tokio::spawn(crate::metrics::watch(watch, shutdown));
        }
    }
}

/// An observer that measures what it sees, and passes it on.
pub(super) fn measured(
    metrics: Option<Metrics>,
    history: Option<Arc<Recorder>>,
    observer: Option<Observer>,
) -> Option<Observer> {
    let Some(metrics) = metrics else { return observer };
    Some(Arc::new(move |event: &JobEvent| {
        if let Some(history) = &history {
            history.note(event);
        }
        let outcome = match &event.what {
            Happened::Started => None,
            Happened::Completed { .. } => Some("completed"),
            Happened::Retrying { .. } => Some("retrying"),
            Happened::PutOff { .. } => Some("put_off"),
            Happened::Failed { .. } => Some("failed"),
            Happened::Refused { .. } => Some("refused"),
        };
        if let Some(outcome) = outcome {
            metrics.attempt(&event.job_type, outcome, event.what.duration());
        }
        if let Some(observer) = &observer {
            observer(event);
        }
    }))
}

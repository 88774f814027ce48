//! What a server's handlers work with, as configured.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::edge;
use crate::app::App;
use crate::clock::SystemClock;
use crate::http::{Access, ApiLimits, ApiState, Builtins, PoolGauge, WorkerGauge};

pub(super) fn state(app: &App, access: Access, workers: WorkerGauge, shutdown: CancellationToken) -> ApiState {
    let http = &app.config.http;
    let of_pool = workers.clone();
    ApiState {
        manager: app.manager.clone(),
        operations: app.operations(),
        limits: ApiLimits { max_body: http.max_body, body_timeout: http.body_timeout, max_depth: http.max_depth },
        circuit: app.connected.circuit.clone(),
        edge: edge::edge(&app.config, access),
        metrics: app.metrics.clone(),
        pool: PoolGauge::new(move || of_pool.read().pool_utilization * 100.0),
        workers,
        clock: Arc::new(SystemClock::default()),
        store_name: app.connected.name.as_str().into(),
        shutdown,
        dashboard: http.dashboard,
        examples: app.takes_examples(),
        callbacks: (&app.config.callbacks).into(),
        builtins: Builtins { webhook: app.config.callbacks.from_api, database_operation: app.config.tables.from_api },
    }
}

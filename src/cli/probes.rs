//! `/live`, `/ready` and `/metrics` of a process that otherwise serves no HTTP.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{Failure, api, edge, serve};
use crate::app::App;
use crate::http::server::{self, Drained, ServerLimits};
use crate::http::{self, Access, WorkerGauge};

/// A place to listen at, and whom to let in.
pub(super) struct Probes {
    listener: TcpListener,
    access: Access,
}

/// Listens at `metrics.bind`, if that is set. Who may read the metrics is as for `serve`, but that `metrics.open` lets the
/// network in without any keys: there is nothing to read but numbers.
pub(super) async fn listen(app: &App) -> Result<Option<Probes>, Failure> {
    let Some(bind) = app.config.metrics.bind else { return Ok(None) };
    let http = &app.config.http;
    let has_keys = http.api_keys.is_some() || http.api_keys_file.is_some();
    let access = if app.config.metrics.open && !has_keys { Access::Open } else { edge::access(http, bind)? };
    let listener = serve::listen(bind, "metrics.bind").await?;
    info!(address = %listener.local_addr()?, "serving /live, /ready and /metrics");
    Ok(Some(Probes { listener, access }))
}

impl Probes {
    pub(super) fn serve(self, app: &App, workers: WorkerGauge, shutdown: CancellationToken) -> JoinHandle<Drained> {
        let router = http::probes(api::state(app, self.access, workers, shutdown.clone()));
        // No balancer sends anybody here, so nobody has to be waited for.
        let limits = ServerLimits { drain_delay: Duration::ZERO, ..serve::server_limits(&app.config) };
        tokio::spawn(server::serve(self.listener, router, limits, shutdown))
    }
}

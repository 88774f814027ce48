//! `journeyman serve`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use journeyman_job::registry;
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::arguments::ServeOptions;
use super::crew::{Crew, without_limits};
use super::{Failure, Outcome};
use super::{api, edge, output};
use crate::app::App;
use crate::config::{Config, Connection};
use crate::http;
use crate::http::server::{self, ServerLimits};
use crate::shutdown;

pub(super) async fn run(config: Config, options: ServeOptions) -> Outcome {
    registry::check()?;
    let access = edge::access(&config.http, config.http.bind)?;
    let shutdown = shutdown::on_signal()?;
    // A signal also ends the wait for a store that does not answer.
    let Some(app) = shutdown.run_until_cancelled(App::start(without_limits(config))).await else {
        return Ok(ExitCode::SUCCESS);
    };
    let app = app?;
    let listener = listen(app.config.http.bind, "--bind").await?;
    let address = listener.local_addr()?;
    // Before any job is taken: a failure from here on would leave it to its lease.
    match greet(&app, address, !options.no_worker).await {
        // Nobody reads the banner: no reason not to serve.
        Err(Failure::Output(error)) => warn!(%address, %error, "listening; the banner could not be printed"),
        greeted => drop(greeted?),
    }
    let crew = Crew::start(&app, !options.no_worker && app.has_workers(), &shutdown)?;
    let workers = crew.gauge();
    app.watch_metrics(workers.clone(), shutdown.clone());
    let router = http::router(api::state(&app, access, workers, shutdown.clone()));
    let limits = server_limits(&app.config);
    let served = server::serve(listener, router, limits, shutdown.clone());
    let (drained, worked) = tokio::join!(served, crew.run(shutdown.clone()));
    worked?;
    if drained.dropped > 0 {
        warn!(connections = drained.dropped, "cut off what was still open at the end of the grace period");
    }
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn listen(bind: SocketAddr, set_by: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(bind).await.map_err(|error| {
        Failure::Other(format!("cannot listen on {bind}: {error}; choose another address with {set_by}"))
    })
}

pub(super) fn server_limits(config: &Config) -> ServerLimits {
    ServerLimits {
        max_connections: config.http.max_connections,
        max_connections_per_address: config.http.max_connections_per_address,
        header_read_timeout: config.http.header_timeout,
        write_timeout: config.http.write_timeout,
        drain_delay: config.http.drain_delay,
        drain_timeout: config.worker.grace_shutdown_period.saturating_sub(config.http.drain_delay),
        ..ServerLimits::default()
    }
}

/// Tells where it listens, what is stored how safely, and one line that can be pasted as it is.
async fn greet(app: &App, address: SocketAddr, works: bool) -> Outcome {
    let durability = app.connected.store.durability().await?;
    let workers = match app.config.store.connection {
        Connection::Sync => "none needed: each job runs while it is enqueued".to_owned(),
        Connection::Null => "none: every job is dropped".to_owned(),
        _ if works => format!("{} jobs at once", app.worker_slots()),
        _ => "none here".to_owned(),
    };
    let body = if app.takes_examples() {
        r#"{"task_type": "echo", "task_data": {"value": "hello"}}"#
    } else {
        r#"{"task_type": "process_order", "task_data": {"order_id": 1, "customer_email": "ada@example.org", "items": []}}"#
    };
    let types = registry::names().len();
    let here = from_here(address);
    let (key, given) = match app.config.http.has_keys() {
        true => (r#" -H "Authorization: Bearer $JOURNEYMAN_KEY""#, ", with an API key in JOURNEYMAN_KEY"),
        false => ("", ""),
    };
    let pages = match app.config.http.dashboard {
        true => format!("  dashboard   http://{here}/dashboard/\n"),
        false => String::new(),
    };
    // One piece: whoever reads the first line may look for the last.
    output::line(format!(
        "Journeyman {version}
  listening   http://{address}   (API docs: http://{address}/docs)
{pages}  store       {store}
  durability  {durability}
  workers     {workers}, {types} job types known
  stop        Ctrl-C

Try it{given}:
  curl -s http://{here}/api/queue/enqueue{key} -H 'content-type: application/json' -d '{body}'
and, with the task_id it returns:
  curl -s http://{here}/api/queue/status/TASK_ID{key}
",
        version = env!("CARGO_PKG_VERSION"),
        store = app.connected.name,
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Where this machine reaches it: no client can connect to an address that stands for all of them.
fn from_here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r56_the_printed_line_names_an_address_that_can_be_reached() {
        for (bound, named) in [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("[fd00::1]:1", "[fd00::1]:1"),
        ] {
            assert_eq!(from_here(bound.parse().unwrap()).to_string(), named);
        }
    }
}

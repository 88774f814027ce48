//! The accept loop: serves an [`axum::Router`] over HTTP/1.1 with a limit on everything a client can hold.
//!
//! Why not `axum::serve` (0.8): it gives hyper no timer, so hyper's header timeout never fires and a half-sent head
//! keeps its socket for ever; it accepts without a cap; and its graceful shutdown waits for an open stream for as long
//! as the client likes. Here every connection has a deadline for its head, a place under the cap, and an owner that
//! cuts it when draining has lasted long enough.

mod accept;
mod connection;
mod crowd;
mod limits;
mod stall;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use limits::ServerLimits;

/// How a server ended.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections cut because they were still open at the end of [`ServerLimits::drain_timeout`]. 0 = a clean stop:
    /// every request taken was answered in full.
    pub dropped: usize,
}

/// Serves `router` on `listener` until `shutdown` is cancelled and [`ServerLimits::drain_delay`] has passed, then drains.
/// From the shutdown on every answer says that its connection closes. Each request carries the client's address
/// as [`axum::extract::ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo).
///
/// Nothing but `shutdown` ends it: when the kernel refuses a connection (no free descriptor, say) it logs, backs off
/// and tries again. On return the port is free and no task of its making is left. Dropping the future cuts every
/// connection.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
) -> Drained {
    let http = connection::protocol(&limits);
    // Resolves the routes once; a router without a state would do it again for every request.
    let router = router.with_state(());
    // At zero nobody could ever be served.
    let cap = limits.max_connections.max(1);
    let mut connections = JoinSet::new();
    let mut pause = accept::Pause::default();
    let crowd = crowd::Crowd::new(limits.max_connections_per_address);
    let leaving = Leaving { told: shutdown, closes: CancellationToken::new() };
    let welcome = |connections: &mut JoinSet<()>, stream: TcpStream, peer: SocketAddr| {
        // One address too many: closed unread, as an answer would cost what the limit is to save.
        let Some(place) = crowd.enter(peer.ip()) else { return };
        let run = connection::run(http.clone(), stream, limits.write_timeout, peer, router.clone(), leaving.clone());
        connections.spawn(async move {
            run.await;
            drop(place);
        });
    };
    let mut closes = pin!(leaving.delayed(limits.drain_delay));

    loop {
        tokio::select! {
            biased;
            () = &mut closes => break,
            Some(ended) = connections.join_next() => report(ended),
            // Above the cap nothing is accepted: the next client waits in the kernel's backlog and costs us nothing.
            accepted = listener.accept(), if connections.len() < cap => match accepted {
                Ok((stream, peer)) => {
                    pause.reset();
                    welcome(&mut connections, stream, peer);
                }
                Err(error) => if let Some(pause) = pause.after(error.kind()) {
                    warn!(%error, pause_ms = pause.as_millis(), "connection not accepted, trying again");
                    if timeout(pause, &mut closes).await.is_ok() {
                        break;
                    }
                },
            },
        }
    }

    // First of all the port: a load balancer, or our own successor, must not reach a server that is leaving.
    for (stream, peer) in accept::last_of(listener, cap.saturating_sub(connections.len())) {
        welcome(&mut connections, stream, peer);
    }
    leaving.closes.cancel();
    drain(connections, &limits).await
}

/// How connections hear of the end.
#[derive(Debug, Clone)]
struct Leaving {
    /// Balancers and clients are to look elsewhere.
    told: CancellationToken,
    /// No further request is waited for.
    closes: CancellationToken,
}

impl Leaving {
    async fn delayed(&self, delay: Duration) {
        self.told.cancelled().await;
        if !delay.is_zero() {
            info!(
                delay_ms = delay.as_millis(),
                "still serving, until load balancers have seen that this server leaves"
            );
            sleep(delay).await;
        }
    }
}

/// Waits for the connections, which have seen the token themselves, then cuts those left.
async fn drain(mut connections: JoinSet<()>, limits: &ServerLimits) -> Drained {
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if timeout(limits.drain_timeout, all_ended).await.is_ok() {
        return Drained { dropped: 0 };
    }

    connections.abort_all();
    let mut dropped = 0;
    while let Some(ended) = connections.join_next().await {
        // One that ended by itself in this very moment was not cut.
        match ended {
            Err(error) if error.is_cancelled() => dropped += 1,
            ended => report(ended),
        }
    }
    info!(dropped, drain_timeout_ms = limits.drain_timeout.as_millis(), "connections cut at the drain timeout");
    Drained { dropped }
}

/// A panic costs its own connection only.
fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!(%error, "connection task failed");
    }
}

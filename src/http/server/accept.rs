//! How long to leave the listener alone after a failed accept, and how to leave it for good.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Doubles with every failure in a row, 50 ms to 1 s: short enough to recover at once when a descriptor is freed, long
/// enough not to spin on a listener that stays readable while accept keeps failing (EMFILE).
#[derive(Debug, Default)]
pub(super) struct Pause {
    last: Option<Duration>,
}

impl Pause {
    /// The pause before the next accept; `None` when the fault was the client's, who left before we came.
    pub(super) fn after(&mut self, kind: ErrorKind) -> Option<Duration> {
        if matches!(kind, ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused) {
            return None;
        }
        let next = self.last.map_or(FIRST, |last| (last * 2).min(LONGEST));
        self.last = Some(next);
        Some(next)
    }

    /// Called after an accept that worked.
    pub(super) fn reset(&mut self) {
        self.last = None;
    }
}

/// Closes the port. Clients that the kernel has let in already come back: closing over them would reset them, though
/// they have done nothing wrong and may have sent all of a request.
pub(super) fn last_of(listener: TcpListener, most: usize) -> Vec<(TcpStream, SocketAddr)> {
    // The runtime knows of a client only once it has looked; the kernel knows at once.
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let next = || {
        let (stream, peer) = listener.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, peer))
    };
    std::iter::from_fn(next).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_back_off_from_50_ms_to_a_second() {
        let mut pause = Pause::default();
        let seen: Vec<_> =
            (0..7).map(|_| pause.after(ErrorKind::Other).map(|pause| pause.as_millis()).unwrap()).collect();
        assert_eq!(seen, [50, 100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn a_client_that_left_in_the_backlog_costs_no_pause() {
        let mut pause = Pause::default();
        pause.after(ErrorKind::Other);
        assert_eq!(pause.after(ErrorKind::ConnectionAborted), None);
        assert_eq!(pause.after(ErrorKind::ConnectionReset), None);
        assert_eq!(pause.after(ErrorKind::Other), Some(FIRST * 2));
    }

    #[test]
    fn an_accept_that_worked_starts_the_back_off_anew() {
        let mut pause = Pause::default();
        pause.after(ErrorKind::Other);
        pause.after(ErrorKind::Other);
        pause.reset();
        assert_eq!(pause.after(ErrorKind::Other), Some(FIRST));
    }
}

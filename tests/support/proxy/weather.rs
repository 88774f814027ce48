//! What holds for all that passes.

use std::time::Duration;

use journeyman::chance;
use tokio::time::Instant;

/// How the wire is. By default nothing is wrong with it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// How long each piece is under way, one way.
    pub latency: Duration,
    /// And so much longer at most.
    pub jitter: Duration,
    /// Bytes in a second, each way.
    pub rate: Option<u32>,
    /// Nothing comes through to the server. What was sent does once this is over.
    pub holds_requests: bool,
    /// Nothing comes through to the client.
    pub holds_replies: bool,
    /// New connections are reset at once.
    pub refuses: bool,
}

impl Weather {
    /// When a piece arrives that sets out now, behind one that arrives at `before`.
    pub(super) fn arrival(&self, before: Instant, bytes: usize) -> Instant {
        let takes = self.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(bytes as f64 / f64::from(rate)));
        let under_way = self.latency + self.jitter.mul_f64(chance::roll());
        (Instant::now() + under_way).max(before) + takes
    }
}

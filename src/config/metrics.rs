//! Settings of the metrics.

use std::net::SocketAddr;
use std::time::Duration;

use super::reader::settings;
use super::share::Share;

settings! {
    /// Where metrics are to be had, and when they are worth a line of the log.
    pub struct MetricsConfig in "metrics" {
        /// Whether metrics are kept, logged and served at /metrics.
        enabled: bool = "true", env "JOURNEYMAN_METRICS_ENABLED";
        /// How far a value must have moved since it was last logged to be logged again, as a share of it.
        log_threshold: Share = "0.1", env "JOURNEYMAN_METRICS_LOG_THRESHOLD";
        /// Pause between two looks at the values that are logged.
        log_interval: Duration = "10", env "JOURNEYMAN_METRICS_LOG_INTERVAL",
            within Duration::from_millis(100)..=Duration::from_secs(24 * 3600);
        /// Whether /metrics can be read without a key where there are keys.
        open: bool = "false", env "JOURNEYMAN_METRICS_OPEN";
        /// IP address and port at which `work` serves /metrics, /live and /ready; not set for none.
        bind: Option<SocketAddr> = "", env "JOURNEYMAN_METRICS_BIND";
    }
}

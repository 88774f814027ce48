//! Log lines, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, LoggingConfig};

/// Starts logging as configured. Only the first call in a process counts.
pub fn start(logging: &LoggingConfig) {
    let filter = EnvFilter::new(logging.level.as_str());
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    // A second subscriber in one process (a test, an embedding program) is no error: the first one stays.
    let _ = match logging.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
    };
}

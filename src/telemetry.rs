//! Log lines, on standard error.

mod line;

use std::io::{self, IsTerminal};
use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, LoggingConfig};
pub(crate) use line::is_obeyed;

/// Starts logging as configured. Only the first call in a process counts.
pub fn start(logging: &LoggingConfig) {
    let filter = EnvFilter::new(with_quiet_libraries(logging.level.as_str()));
    let is_coloured = logging.format == LogFormat::Text && io::stderr().is_terminal();
    let writer = line::Lines { format: logging.format, is_coloured };
    let lines = fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    panic::set_hook(Box::new(log_panic));
    // A second subscriber in one process (a test, an embedding program) is no error: the first one stays.
    let _ = match logging.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_ansi(is_coloured).try_init(),
    };
}

/// What the Redis client warns of while it comes and goes, the store tells better, and a command that ends has nothing to
/// tell of it. Whoever names it gets it all the same.
fn with_quiet_libraries(level: &str) -> String {
    if level.contains("fred") { level.to_owned() } else { format!("{level},fred=error") }
}

/// A panic in a job or a handler is caught and told where it belongs; here it is one line, not a screen.
fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at = place, "panicked: {}", info.payload_as_str().unwrap_or("without a message"));
}

//! The binary: parses the command and runs it. The only file that names `jobs`.

use std::process::ExitCode;

// Without this line the compiler leaves the crate out, and with it every job type.
#[cfg(feature = "jobs")]
use jobs as _;

fn main() -> ExitCode {
    journeyman::cli::run(std::env::args_os())
}

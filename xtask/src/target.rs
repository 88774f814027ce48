//! The target folder, wherever the user has put it.

use std::env;
use std::path::PathBuf;

/// Two above this program.
pub fn folder() -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| format!("cannot tell where this program is: {error}"))?;
    this.ancestors().nth(2).map(Into::into).ok_or_else(|| "this program is not in a target folder".to_owned())
}

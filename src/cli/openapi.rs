//! `journeyman openapi`.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::OpenapiOptions;
use super::output;
use super::{Failure, Outcome};
use crate::http;

pub(super) fn run(options: &OpenapiOptions) -> Outcome {
    if let Some(file) = &options.check {
        return check(file);
    }
    if options.json {
        let text = serde_json::to_string_pretty(&http::openapi()).map_err(std::io::Error::other)?;
        output::line(text)?;
    } else {
        output::line(http::openapi_yaml().trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path) -> Outcome {
    let stored = std::fs::read_to_string(file)
        .map_err(|error| Failure::Other(format!("cannot read {}: {error}", file.display())))?;
    if stored.trim_end() == http::openapi_yaml().trim_end() {
        output::line(format_args!("{} is up to date", file.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let name = file.display();
    Err(Failure::Other(format!("{name} is stale; write it anew with `cargo run -- openapi > {name}`")))
}

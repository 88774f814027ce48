//! `journeyman key new`.

use std::process::ExitCode;

use serde_json::json;

use super::arguments::KeyCommand;
use super::output::{self, Output};
use super::{Failure, Outcome};
use crate::access::{ApiKey, Scopes};
use crate::chance;
use crate::clock::Timestamp;

/// Makes a key. It is told once and kept nowhere; what is to be configured is its digest.
pub(super) fn run(command: KeyCommand) -> Outcome {
    let KeyCommand::New { name, scopes, expires, json } = command;
    let none = || Failure::Other("give --scope: enqueue, read, work, operate or admin".to_owned());
    let scopes = Scopes::new(&scopes).ok_or_else(none)?;
    let expires = expires.map(|time| Timestamp::from_datetime(time.to_utc()));
    let made = ApiKey::generate(&name, scopes, expires, chance::secret());
    let (key, kept) = made.map_err(|error| Failure::Other(error.to_string()))?;
    let line = kept.line();
    if json {
        let expires = expires.map(Timestamp::to_rfc3339);
        let scopes = scopes.to_string();
        let made = json!({"name": name, "scopes": scopes, "expires": expires, "key": key, "line": line});
        Output::new(true).tell(&made, "")?;
    } else {
        output::line(format_args!(
            "The key, shown this once:
  {key}
Clients send it as `Authorization: Bearer KEY`. The server needs this line, in JOURNEYMAN_API_KEYS (several with commas)
or in the file that http.api_keys_file names:
  {line}"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

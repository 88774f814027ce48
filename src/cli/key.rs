//! `journeyman key new` and `journeyman key secret`.

use std::process::ExitCode;

use chrono::{DateTime, FixedOffset};
use journeyman_job::secret::generate_key;
use serde_json::json;

use super::arguments::KeyCommand;
use super::output::{self, Output};
use super::{Failure, Outcome};
use crate::access::{ApiKey, Scope, Scopes};
use crate::chance;
use crate::clock::Timestamp;

pub(super) fn run(command: KeyCommand) -> Outcome {
    match command {
        KeyCommand::New { name, scopes, expires, json } => api_key(&name, &scopes, expires, json),
        KeyCommand::Secret { json } => secret_key(json),
    }
}

/// Makes a key. It is told once and kept nowhere; what is to be configured is its digest.
fn api_key(name: &str, scopes: &[Scope], expires: Option<DateTime<FixedOffset>>, json: bool) -> Outcome {
    let none = || Failure::Other("give --scope: enqueue, read, work, operate or admin".to_owned());
    let scopes = Scopes::new(scopes).ok_or_else(none)?;
    let expires = expires.map(|time| Timestamp::from_datetime(time.to_utc()));
    let made = ApiKey::generate(name, scopes, expires, chance::secret());
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

/// Makes a key that seals. It is its own line to configure, and whoever loses it loses what it sealed.
fn secret_key(json: bool) -> Outcome {
    let key = generate_key().map_err(|error| Failure::Other(error.to_string()))?;
    if json {
        Output::new(true).tell(&json!({"key": key}), "")?;
    } else {
        output::line(format_args!(
            "The key, shown this once; without it nothing that it sealed can be read again:
  {key}
Every server and worker needs it in JOURNEYMAN_KEYS. Of several, with commas, the first one seals and all of them open."
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

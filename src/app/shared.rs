//! What jobs find in their context.

use journeyman_job::AppState;
use journeyman_job::credits::Credits;

use crate::config::{CallbacksConfig, Config};
use crate::tables::{Location, Tables, TablesOptions};
use crate::webhook::{Webhooks, WebhooksOptions};

/// The application's tables as configured; nothing is connected yet.
pub fn tables(config: &Config) -> Tables {
    let location = match &config.tables.url {
        Some(url) => Location::Server { url: url.secret().clone(), masked: url.masked() },
        None if config.database.is_given() => {
            Location::Server { url: config.database.url(), masked: config.database.masked_url() }
        }
        None => Location::File(config.store.data_dir.join("app.db")),
    };
    Tables::new(TablesOptions {
        location,
        allow: config.tables.allow.clone(),
        connections: config.tables.connections,
        timeout: config.store.connection_timeout,
    })
}

/// What the program brings along, and what the server gives where the program brings nothing of the kind.
pub(super) fn state(config: &Config, mut state: AppState) -> AppState {
    let tables = match state.get::<Tables>() {
        Some(theirs) => theirs.clone(),
        None => {
            let ours = tables(config);
            state = state.with(ours.clone());
            ours
        }
    };
    if state.get::<Credits>().is_none() {
        state = state.with(Credits::new(tables));
    }
    if state.get::<Webhooks>().is_none() {
        let CallbacksConfig { timeout, hosts, allow_private, ca_file, .. } = config.callbacks.clone();
        state = state.with(Webhooks::new(WebhooksOptions { timeout, hosts, allow_private, ca_file }));
    }
    state
}

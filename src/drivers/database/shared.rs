//! What every handle of this process on one store has in common; another store may have another clock.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// One value for each store.
pub(super) struct Shared<T>(LazyLock<Mutex<HashMap<String, Arc<T>>>>);

impl<T: Default> Shared<T> {
    pub(super) const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    pub(super) fn of(&self, store: &str) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(store.to_owned()).or_default())
    }
}

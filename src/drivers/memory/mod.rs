//! Jobs in this process's memory: the reference for what a store does, and the tests' double.
//!
//! One lock around plain tables; what each verb means is best read here. Nothing survives the process.

mod driver;
mod inspector;
mod line;
mod notes;
mod operator;
mod tables;
mod verify;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tables::Tables;

use crate::clock::Clock;
use crate::wake::WakeHub;

/// A store that lives as long as the process.
#[derive(Debug)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    hub: WakeHub,
    tables: Mutex<Tables>,
}

impl MemoryStore {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, hub: WakeHub::default(), tables: Mutex::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Waking idle workers, here and in other processes that share the file.
//!
//! Beside the database lies a file `…-wake`. A process that adds work where there was none writes a byte to it, and every
//! process watches it. These are hints: without them workers find the jobs when they next look.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::Arc;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tracing::warn;

use super::ledger::Wakes;
use crate::wake::WakeHub;

/// The giving end.
#[derive(Debug)]
pub(super) struct Waker {
    hub: Arc<WakeHub>,
    file: File,
    has_failed: bool,
}

impl Waker {
    pub(super) fn new(hub: Arc<WakeHub>, file: File) -> Self {
        Self { hub, file, has_failed: false }
    }

    pub(super) fn wake(&mut self, wakes: &Wakes) {
        wakes.queues.iter().for_each(|queue| self.hub.wake(queue));
        if wakes.others
            && let Err(error) = self.touch()
            && !std::mem::replace(&mut self.has_failed, true)
        {
            warn!(%error, "other processes cannot be woken; their workers find new jobs when they next look");
        }
    }

    fn touch(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(b"w")
    }
}

/// Passes the hints of other processes on to `hub` while it is kept.
pub(super) fn watch(path: &Path, hub: Arc<WakeHub>) -> Option<RecommendedWatcher> {
    let on_event = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| event.kind.is_modify()) {
            hub.wake_all();
        }
    };
    let started = notify::recommended_watcher(on_event).and_then(|mut watcher| {
        watcher.watch(path, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    started
        .inspect_err(|error| {
            warn!(%error, "jobs of other processes are not announced; workers find them when they next look");
        })
        .ok()
}

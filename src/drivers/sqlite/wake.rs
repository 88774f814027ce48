//! Waking idle workers, here and in other processes that share the file.
//!
//! Beside the database lies a file `…-wake`. A process that adds work where there was none appends a line to it, its own
//! name and the queue's, and every process watches it. These are hints: without them workers find the jobs when they next
//! look.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tracing::warn;

use super::ledger::Wakes;
use crate::chance;
use crate::wake::WakeHub;

/// Length at which the file begins anew, bytes.
const LONGEST: u64 = 64 * 1024;

/// The giving end.
#[derive(Debug)]
pub(super) struct Waker {
    hub: Arc<WakeHub>,
    file: File,
    handle: String,
    has_failed: bool,
}

impl Waker {
    /// `file` is open for appending.
    pub(super) fn new(hub: Arc<WakeHub>, file: File) -> Self {
        Self { hub, file, handle: chance::suffix(), has_failed: false }
    }

    pub(super) fn wake(&mut self, wakes: &Wakes) {
        wakes.here.iter().for_each(|queue| self.hub.wake(queue));
        if !wakes.elsewhere.is_empty()
            && let Err(error) = self.tell(wakes)
            && !std::mem::replace(&mut self.has_failed, true)
        {
            warn!(%error, "other processes cannot be woken; their workers find new jobs when they next look");
        }
    }

    fn tell(&mut self, wakes: &Wakes) -> io::Result<()> {
        if self.file.metadata()?.len() > LONGEST {
            self.file.set_len(0)?;
        }
        let mut lines = String::new();
        for queue in &wakes.elsewhere {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{} {queue}", self.handle);
        }
        self.file.write_all(lines.as_bytes())
    }

    /// Passes the hints of other handles on to the hub while the watcher is kept.
    pub(super) fn watch(&self, path: &Path) -> Option<RecommendedWatcher> {
        let started = Listener::new(path, self).and_then(|mut listener| {
            let on_event = move |event: notify::Result<Event>| {
                if event.is_ok_and(|event| event.kind.is_modify()) {
                    listener.listen();
                }
            };
            let mut watcher = notify::recommended_watcher(on_event).map_err(io::Error::other)?;
            watcher.watch(path, RecursiveMode::NonRecursive).map_err(io::Error::other)?;
            Ok(watcher)
        });
        let warned = started.inspect_err(|error| {
            warn!(%error, "jobs of other processes are not announced; workers find them when they next look");
        });
        warned.ok()
    }
}

/// The hearing end.
#[derive(Debug)]
struct Listener {
    hub: Arc<WakeHub>,
    file: File,
    /// Whose hints are not news.
    own: String,
    heard: u64,
}

impl Listener {
    fn new(path: &Path, waker: &Waker) -> io::Result<Self> {
        let file = File::open(path)?;
        let heard = file.metadata()?.len();
        Ok(Self { hub: Arc::clone(&waker.hub), file, own: waker.handle.clone(), heard })
    }

    fn listen(&mut self) {
        match self.news() {
            Ok(news) => news.lines().for_each(|line| self.pass_on(line)),
            Err(_) => self.hub.wake_all(),
        }
    }

    fn pass_on(&self, line: &str) {
        match line.split_once(' ') {
            Some((handle, _)) if handle == self.own => {}
            Some((_, queue)) => self.hub.wake_named(queue),
            None => self.hub.wake_all(),
        }
    }

    /// The whole lines that have come since the last time.
    fn news(&mut self) -> io::Result<String> {
        if self.file.metadata()?.len() < self.heard {
            // It began anew: what was there before may not have been heard.
            self.heard = 0;
            self.hub.wake_all();
        }
        self.file.seek(SeekFrom::Start(self.heard))?;
        let mut news = Vec::new();
        Read::by_ref(&mut self.file).take(2 * LONGEST).read_to_end(&mut news)?;
        news.truncate(news.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        self.heard += news.len() as u64;
        String::from_utf8(news).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wake::Wakeups;
    use journeyman_job::QueueName;
    use std::time::Duration;

    async fn is_woken(wakeups: &Wakeups) -> bool {
        tokio::time::timeout(Duration::ZERO, wakeups.next()).await.is_ok()
    }

    #[tokio::test]
    async fn hints_of_others_are_heard_and_own_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wake");
        let append = || File::options().create(true).append(true).open(&path).unwrap();
        let waker = || Waker::new(Arc::default(), append());
        let (mut mine, mut other) = (waker(), waker());
        let queue = QueueName::default();
        let wakeups = mine.hub.listen(std::slice::from_ref(&queue));
        let mut listener = Listener::new(&path, &mine).unwrap();
        let hint = Wakes { here: Vec::new(), elsewhere: vec![queue] };

        mine.wake(&hint);
        listener.listen();
        assert!(!is_woken(&wakeups).await);

        other.wake(&hint);
        listener.listen();
        assert!(is_woken(&wakeups).await);

        // A file that began anew may have lost hints, so it is one.
        append().set_len(0).unwrap();
        listener.listen();
        assert!(is_woken(&wakeups).await);
        other.wake(&hint);
        listener.listen();
        assert!(is_woken(&wakeups).await);
    }
}

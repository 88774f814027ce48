//! The account outside of the system: what clients tried and were told, what jobs did, whom a fault struck.
//!
//! One file for each process that writes, opened for appending, one line and one system call an event: what was written
//! is there whatever kills the writer.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use journeyman::clock::{Clock, SystemClock};
use uuid::Uuid;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A client is about to push it.
    Attempted { number: u64 },
    /// The client was told that it is stored, under this id.
    Acknowledged { number: u64, id: Uuid },
    /// The client was told that it is not stored.
    Refused { number: u64 },
    /// A run began.
    Started { number: u64, id: Uuid, attempt: u32 },
    /// A run had its effect.
    Ended { number: u64, id: Uuid, attempt: u32 },
    /// A run failed, as it was to.
    Failed { number: u64, id: Uuid, attempt: u32 },
    /// The callback of the job ran.
    Called { number: u64, id: Uuid, attempt: u32 },
    /// The process was killed or stopped.
    Struck { process: u32 },
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub event: Event,
    /// Microseconds since 1970, by the machine's clock.
    pub at: i64,
    /// Who wrote it.
    pub process: u32,
}

/// Where one process writes.
#[derive(Debug)]
pub struct Ledger {
    file: File,
    clock: SystemClock,
}

impl Ledger {
    /// The file of this process; `who` tells apart several within it.
    pub fn open(folder: &Path, who: &str) -> anyhow::Result<Self> {
        let path = folder.join(format!("{}-{who}.ledger", std::process::id()));
        let file = OpenOptions::new().create(true).append(true).open(&path);
        Ok(Self {
            file: file.with_context(|| format!("cannot write {}", path.display()))?,
            clock: SystemClock::default(),
        })
    }

    pub fn write(&self, event: Event) -> std::io::Result<()> {
        self.write_all(&[event])
    }

    /// Several events of one moment.
    pub fn write_all(&self, events: &[Event]) -> std::io::Result<()> {
        let at = self.clock.now().as_micros();
        let text: String = events.iter().map(|event| line(event, at)).collect();
        (&self.file).write_all(text.as_bytes())
    }
}

/// Every entry of every file, those of one process in order.
pub fn read(folder: &Path, mut each: impl FnMut(Entry)) -> anyhow::Result<()> {
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "ledger") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let process = name.split('-').next().and_then(|number| number.parse().ok());
        let process = process.with_context(|| format!("{name} names no process"))?;
        let text = std::fs::read_to_string(&path)?;
        for line in text.lines() {
            let Some((event, at)) = parse(line) else { bail!("{name} has a line that is none: {line:?}") };
            each(Entry { event, at, process });
        }
    }
    Ok(())
}

/// The jobs that a process runs at this moment, by its own account.
pub fn under_way(folder: &Path, process: u32) -> BTreeSet<u64> {
    let mut under_way = BTreeSet::new();
    // One that has run nothing yet has written nothing.
    let text = std::fs::read_to_string(folder.join(format!("{process}-jobs.ledger"))).unwrap_or_default();
    for (event, _) in text.lines().filter_map(parse) {
        match event {
            Event::Started { number, .. } => drop(under_way.insert(number)),
            Event::Ended { number, .. } | Event::Failed { number, .. } => drop(under_way.remove(&number)),
            _ => {}
        }
    }
    under_way
}

fn line(event: &Event, at: i64) -> String {
    match event {
        Event::Attempted { number } => format!("attempted {number} {at}\n"),
        Event::Acknowledged { number, id } => format!("acknowledged {number} {id} {at}\n"),
        Event::Refused { number } => format!("refused {number} {at}\n"),
        Event::Started { number, id, attempt } => format!("started {number} {id} {attempt} {at}\n"),
        Event::Ended { number, id, attempt } => format!("ended {number} {id} {attempt} {at}\n"),
        Event::Failed { number, id, attempt } => format!("failed {number} {id} {attempt} {at}\n"),
        Event::Called { number, id, attempt } => format!("called {number} {id} {attempt} {at}\n"),
        Event::Struck { process } => format!("struck {process} {at}\n"),
    }
}

fn parse(line: &str) -> Option<(Event, i64)> {
    let words: Vec<&str> = line.split(' ').collect();
    let at = words.last()?.parse().ok()?;
    let number = || words.get(1)?.parse().ok();
    let id = || words.get(2)?.parse().ok();
    let attempt = || words.get(3)?.parse().ok();
    let event = match (words[0], words.len()) {
        ("attempted", 3) => Event::Attempted { number: number()? },
        ("acknowledged", 4) => Event::Acknowledged { number: number()?, id: id()? },
        ("refused", 3) => Event::Refused { number: number()? },
        ("started", 5) => Event::Started { number: number()?, id: id()?, attempt: attempt()? },
        ("ended", 5) => Event::Ended { number: number()?, id: id()?, attempt: attempt()? },
        ("failed", 5) => Event::Failed { number: number()?, id: id()?, attempt: attempt()? },
        ("called", 5) => Event::Called { number: number()?, id: id()?, attempt: attempt()? },
        ("struck", 3) => Event::Struck { process: words[1].parse().ok()? },
        _ => return None,
    };
    Some((event, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (number, id, attempt) = (7, Uuid::from_u128(11), 3);
        let events = [
            Event::Attempted { number },
            Event::Acknowledged { number, id },
            Event::Refused { number },
            Event::Started { number, id, attempt },
            Event::Ended { number, id, attempt },
            Event::Failed { number, id, attempt },
            Event::Called { number, id, attempt },
            Event::Struck { process: 5 },
        ];
        Ledger::open(folder.path(), "a").unwrap().write_all(&events).unwrap();
        let mut found = Vec::new();
        read(folder.path(), |entry| found.push((entry.event, entry.process))).unwrap();
        assert_eq!(found, events.map(|event| (event, std::process::id())));
    }

    #[test]
    fn a_line_that_is_none_is_an_error() {
        for line in ["", "attempted", "attempted x 1", "attempted 1", "lost 1 2", "started 1 2 3 4"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}

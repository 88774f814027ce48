//! The numbers of one stretch of time.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::OTHERS;
use super::{Histogram, MOST_PAIRS};

/// The numbers of one queue and type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// Jobs that ended, completed or failed.
    pub processed: u64,
    pub failed: u64,
    pub retried: u64,
    /// How long attempts ran.
    pub run: Histogram,
    /// How long jobs waited from their dispatch to their first attempt, a delay that was asked for included.
    pub wait: Histogram,
}

impl Cell {
    fn count(&mut self, counted: Counted) {
        match counted {
            Counted::Waited(time) => self.wait.add(time),
            Counted::Completed(time) => {
                self.processed += 1;
                self.run.add(time);
            }
            Counted::Retried(time) => {
                self.retried += 1;
                self.run.add(time);
            }
            Counted::Failed(time) => {
                self.processed += 1;
                self.failed += 1;
                self.run.add(time);
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.processed = self.processed.saturating_add(other.processed);
        self.failed = self.failed.saturating_add(other.failed);
        self.retried = self.retried.saturating_add(other.retried);
        self.run.merge(&other.run);
        self.wait.merge(&other.wait);
    }
}

/// What happened to one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Waited(Duration),
    Completed(Duration),
    Retried(Duration),
    Failed(Duration),
}

/// The numbers by queue and type, few enough to be one note.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cells {
    by_queue: BTreeMap<String, BTreeMap<String, Cell>>,
    pairs: usize,
}

/// A cell as it is stored: queue, type, processed, failed, retried, and the buckets of either histogram.
#[derive(Serialize, Deserialize)]
struct Row(String, String, u64, u64, u64, Vec<(usize, u64)>, Vec<(usize, u64)>);

impl Cells {
    pub(super) fn count(&mut self, queue: &str, job_type: &str, counted: Counted) {
        // Names are copied only where they are new.
        if let Some(cell) = self.by_queue.get_mut(queue).and_then(|types| types.get_mut(job_type)) {
            return cell.count(counted);
        }
        self.cell(queue, job_type).count(counted);
    }

    /// That of a pair, or of all pairs for which there is no more room.
    fn cell(&mut self, queue: &str, job_type: &str) -> &mut Cell {
        let is_known = self.by_queue.get(queue).is_some_and(|types| types.contains_key(job_type));
        let (queue, job_type) = if is_known || self.pairs < MOST_PAIRS { (queue, job_type) } else { (OTHERS, OTHERS) };
        if !is_known && queue != OTHERS {
            self.pairs += 1;
        }
        self.by_queue.entry(queue.to_owned()).or_default().entry(job_type.to_owned()).or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.by_queue.is_empty()
    }

    /// Each with its queue and type.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Cell)> {
        self.by_queue.iter().flat_map(|(queue, types)| {
            types.iter().map(move |(job_type, cell)| (queue.as_str(), job_type.as_str(), cell))
        })
    }

    pub fn merge(&mut self, other: &Self) {
        for (queue, job_type, cell) in other.iter() {
            self.cell(queue, job_type).merge(cell);
        }
    }

    pub fn encode(&self) -> Bytes {
        let row = |(queue, job_type, cell): (&str, &str, &Cell)| {
            let Cell { processed, failed, retried, run, wait } = cell;
            Row(queue.to_owned(), job_type.to_owned(), *processed, *failed, *retried, run.pairs(), wait.pairs())
        };
        let rows: Vec<Row> = self.iter().map(row).collect();
        serde_json::to_vec(&rows).unwrap_or_default().into()
    }

    /// `None` of what this build did not write.
    pub fn decode(body: &[u8]) -> Option<Self> {
        let rows: Vec<Row> = serde_json::from_slice(body).ok()?;
        let mut cells = Self::default();
        for Row(queue, job_type, processed, failed, retried, run, wait) in rows {
            let (run, wait) = (Histogram::of_pairs(&run), Histogram::of_pairs(&wait));
            cells.cell(&queue, &job_type).merge(&Cell { processed, failed, retried, run, wait });
        }
        Some(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn r52_what_is_stored_is_read_back() {
        let mut cells = Cells::default();
        cells.count("a", "x", Counted::Waited(SECOND));
        cells.count("a", "x", Counted::Retried(SECOND));
        cells.count("a", "x", Counted::Failed(SECOND));
        cells.count("b", "x", Counted::Completed(SECOND));
        assert_eq!(Cells::decode(&cells.encode()), Some(cells.clone()));
        let (_, _, cell) = cells.iter().next().unwrap();
        assert_eq!((cell.processed, cell.failed, cell.retried, cell.run.count(), cell.wait.count()), (1, 1, 1, 2, 1));
        for damaged in [&b"{"[..], b"{}", b"[[1]]", br#"[["a","b",-1,0,0,[],[]]]"#] {
            assert_eq!(Cells::decode(damaged), None);
        }
    }

    #[test]
    fn r52_pairs_are_bounded_and_none_is_lost() {
        let mut cells = Cells::default();
        for round in 0..2 {
            for number in 0..MOST_PAIRS + 50 {
                cells.count("q", &format!("type-{number:03}"), Counted::Completed(SECOND));
            }
            assert_eq!(cells.iter().count(), MOST_PAIRS + 1, "{round}");
        }
        let others = cells.iter().find(|(queue, ..)| *queue == OTHERS).unwrap().2;
        assert_eq!(others.processed, 100);
        assert_eq!(cells.iter().map(|(_, _, cell)| cell.processed).sum::<u64>(), 500);
        let mut twice = cells.clone();
        twice.merge(&cells);
        assert_eq!(twice.iter().map(|(_, _, cell)| cell.processed).sum::<u64>(), 1000);
        let most = cells.encode().len();
        assert!(most < crate::queue::limits::NOTE / 2, "{most} bytes");
    }
}

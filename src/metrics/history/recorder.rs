//! What one process counts, and when it writes it down.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::cells::Counted;
use super::{Cells, Scale};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::queue::{Note, NoteKind, Store, StoreError};
use crate::worker::{Happened, JobEvent};

/// How often it is written.
const EVERY: Duration = Duration::from_secs(60);
/// How long one writing may take, also the last.
const LONGEST: Duration = Duration::from_secs(2);
/// Stretches that wait to be written while the store takes none; older ones are lost.
const MOST_UNWRITTEN: usize = 200;

/// Counts what the workers of this process run.
#[derive(Debug)]
pub struct Recorder {
    /// Unlike that of any other start of a process.
    process: String,
    clock: SystemClock,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// How far the store's clock is ahead of ours, microseconds.
    ahead: i64,
    /// When the present minute began, and what it has seen so far.
    minute: i64,
    present: Cells,
    /// What ended minutes come to in the present longer stretches, each with its begin.
    sums: BTreeMap<Scale, (i64, Cells)>,
    /// Stretches that have ended and are not written.
    unwritten: BTreeMap<(Scale, i64), Cells>,
}

impl Recorder {
    pub fn new(process: &str) -> Self {
        Self { process: process.to_owned(), clock: SystemClock::default(), state: Mutex::default() }
    }

    /// Counts an attempt's beginning or end.
    pub fn note(&self, event: &JobEvent) {
        let counted = match &event.what {
            Happened::Started if event.attempt == 1 => Counted::Waited(self.waited(event)),
            Happened::Completed { duration } => Counted::Completed(*duration),
            Happened::Retrying { duration, .. } => Counted::Retried(*duration),
            Happened::Failed { duration, .. } => Counted::Failed(*duration),
            Happened::Started | Happened::PutOff { .. } | Happened::Refused { .. } => return,
        };
        let mut state = self.state();
        let now = state.now(&self.clock);
        state.count(now, event.queue.as_str(), &event.job_type, counted);
    }

    /// Since its id was made, which an id of the caller's own does not tell.
    fn waited(&self, event: &JobEvent) -> Duration {
        let now = self.state().now(&self.clock);
        let made_at = event.id.made_at_millis().and_then(|millis| i64::try_from(millis).ok()?.checked_mul(1000));
        made_at.map_or(Duration::ZERO, |made_at| now.since(Timestamp::from_micros(made_at)))
    }

    /// Writes once a minute until `shutdown`.
    pub async fn run(&self, store: &dyn Store, shutdown: &CancellationToken) {
        self.flush(store).await;
        while shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            self.flush(store).await;
        }
    }

    /// Writes what has not been written. What fails is written the next time.
    pub async fn flush(&self, store: &dyn Store) {
        match timeout(LONGEST, self.write(store)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "history is not written now"),
            Err(_elapsed) => debug!("history is not written in time"),
        }
    }

    async fn write(&self, store: &dyn Store) -> Result<(), StoreError> {
        let there = store.time().await?;
        self.state().ahead = there.as_micros().saturating_sub(self.clock.now().as_micros());
        let unwritten = self.state().to_write();
        for ((scale, begin), cells) in unwritten {
            let Ok(key) = scale.key(begin, &self.process) else { continue };
            let note = Note { kind: NoteKind::History, key, body: cells.encode(), keep: scale.keep() };
            store.write_notes(&[note]).await?;
            self.state().written(scale, begin, &cells);
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self, clock: &SystemClock) -> Timestamp {
        Timestamp::from_micros(clock.now().as_micros().saturating_add(self.ahead))
    }

    fn count(&mut self, now: Timestamp, queue: &str, job_type: &str, counted: Counted) {
        let begin = Scale::Minute.begin(now);
        // A clock that was set back a little goes on in the minute that it was in.
        if begin > self.minute {
            self.end_minute();
            self.minute = begin;
        }
        self.present.count(queue, job_type, counted);
    }

    /// Rolls the present minute up.
    fn end_minute(&mut self) {
        let ended = std::mem::take(&mut self.present);
        if ended.is_empty() {
            return;
        }
        for scale in [Scale::TenMinutes, Scale::Hour] {
            let begin = scale.begin(Timestamp::from_micros(self.minute * 1_000_000));
            let (since, sum) = self.sums.entry(scale).or_insert_with(|| (begin, Cells::default()));
            if begin != *since {
                self.unwritten.insert((scale, *since), std::mem::take(sum));
                *since = begin;
            }
            sum.merge(&ended);
        }
        self.unwritten.insert((Scale::Minute, self.minute), ended);
        while self.unwritten.len() > MOST_UNWRITTEN {
            self.unwritten.pop_first();
        }
    }

    /// What has ended and is not written, and the present stretches as far as they go.
    fn to_write(&self) -> Vec<((Scale, i64), Cells)> {
        let mut all = self.clone();
        all.end_minute();
        let sums = all.sums.into_iter().map(|(scale, (begin, sum))| ((scale, begin), sum));
        all.unwritten.into_iter().chain(sums).collect()
    }

    fn written(&mut self, scale: Scale, begin: i64, cells: &Cells) {
        if self.unwritten.get(&(scale, begin)) == Some(cells) {
            self.unwritten.remove(&(scale, begin));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn processed(cells: &Cells) -> u64 {
        cells.iter().map(|(_, _, cell)| cell.processed).sum()
    }

    #[test]
    fn r52_minutes_roll_up_into_tens_and_hours() {
        let mut state = State::default();
        for second in 0..3600 {
            state.count(at(7200 + second), "q", "t", Counted::Completed(SECOND));
        }
        let mut of: BTreeMap<Scale, Vec<u64>> = BTreeMap::new();
        for ((scale, _), cells) in state.to_write() {
            of.entry(scale).or_default().push(processed(&cells));
        }
        assert_eq!(of[&Scale::Minute], vec![60; 60]);
        assert_eq!(of[&Scale::TenMinutes], vec![600; 6]);
        assert_eq!(of[&Scale::Hour], [3600]);
    }

    #[test]
    fn r52_what_is_written_is_written_again_only_while_it_changes() {
        let mut state = State::default();
        state.count(at(7200), "q", "t", Counted::Completed(SECOND));
        state.count(at(7260), "q", "t", Counted::Completed(SECOND));
        let all = state.to_write();
        assert_eq!(all.len(), 4, "two minutes, and what they are in");
        all.iter().for_each(|((scale, begin), cells)| state.written(*scale, *begin, cells));
        assert_eq!(state.to_write().len(), 3, "what has ended is done with");
        state.count(at(7255), "q", "t", Counted::Completed(SECOND));
        assert_eq!(processed(&state.to_write()[0].1), 2, "set back by a little");
    }

    #[test]
    fn r52_what_a_store_never_takes_is_bounded() {
        let mut state = State::default();
        for minute in 0..10_000 {
            state.count(at(minute * 60), "q", "t", Counted::Completed(SECOND));
        }
        assert!(state.to_write().len() <= MOST_UNWRITTEN + 3);
    }
}

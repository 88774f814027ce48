//! One queue as the writer knows it, and what the open transaction does to its numbers.

use journeyman_job::{JobId, Priority, QueueName};
use rusqlite::{Connection, OptionalExtension, params};

use crate::queue::{Counters, State};

pub(super) const LOAD: &str = "SELECT back, pending_low + pending_normal + pending_high + pending_critical
    FROM queue_stats WHERE queue = ?1";

const REGISTER: &str = "INSERT INTO queue_stats (queue) VALUES (?1)";

pub(super) const EARLIEST: &str = "SELECT available_at FROM queue_delayed
    WHERE queue = ?1 ORDER BY available_at LIMIT 1";

const STORE: &str = "UPDATE queue_stats SET
    back = ?2,
    pending_low = pending_low + ?3, pending_normal = pending_normal + ?4,
    pending_high = pending_high + ?5, pending_critical = pending_critical + ?6,
    delayed = delayed + ?7, reserved = reserved + ?8,
    completed = completed + ?9, failed = failed + ?10, cancelled = cancelled + ?11, system_errors = system_errors + ?12,
    total_enqueued = total_enqueued + ?13, total_processed = total_processed + ?14, total_failed = total_failed + ?15,
    total_retried = total_retried + ?16, total_timeouts = total_timeouts + ?17,
    total_thread_pool_exhaustion = total_thread_pool_exhaustion + ?18,
    pruned_until = max(pruned_until, ?19)
    WHERE queue = ?1";

/// What is added to the numbers of a queue.
#[derive(Debug)]
pub(super) struct Changes {
    /// By priority, lowest first.
    pending: [i64; 4],
    pub(super) delayed: i64,
    pub(super) reserved: i64,
    pub(super) completed: i64,
    pub(super) failed: i64,
    pub(super) cancelled: i64,
    pub(super) system_errors: i64,
    pub(super) counters: Counters,
    /// Not added: see the column; milliseconds.
    pub(super) pruned_until: i64,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            pending: [0; 4],
            delayed: 0,
            reserved: 0,
            completed: 0,
            failed: 0,
            cancelled: 0,
            system_errors: 0,
            counters: Counters::default(),
            pruned_until: -1,
        }
    }
}

impl Changes {
    /// The number of records of jobs that ended this way.
    pub(super) fn ended(&mut self, how: State) -> &mut i64 {
        match how {
            State::Failed => &mut self.failed,
            State::Cancelled => &mut self.cancelled,
            _ => &mut self.completed,
        }
    }

    /// The job was removed for good. What its caller chose as its id says nothing of others.
    pub(super) fn gone(&mut self, id: JobId, queue: &QueueName) {
        if let Some(millis) = id.made_at_millis().filter(|_| id.may_be_of(queue)) {
            self.pruned_until = self.pruned_until.max(i64::try_from(millis).unwrap_or(i64::MAX));
        }
    }
}

/// The facts hold from one transaction to the next, as long as nobody else writes to the file.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Whether anything was ever pushed to the queue, and whether that is in the file.
    exists: bool,
    is_stored: bool,
    back: i64,
    /// Pending jobs before this transaction.
    pending_before: i64,
    /// By priority, lowest first: whether it is known that no job is pending.
    is_drained: [bool; 4],
    /// The inner one is the earliest delayed job's time, if there is one.
    earliest: Option<Option<i64>>,
    changes: Changes,
    is_changed: bool,
    has_arrivals: bool,
    is_due_earlier: bool,
}

impl Entry {
    pub(super) fn load(connection: &Connection, queue: &QueueName) -> rusqlite::Result<Self> {
        let read = |row: &rusqlite::Row<'_>| {
            let (exists, is_stored) = (true, true);
            Ok(Self { exists, is_stored, back: row.get(0)?, pending_before: row.get(1)?, ..Self::default() })
        };
        let stored = connection.prepare_cached(LOAD)?.query_row([queue.as_str()], read).optional()?;
        Ok(stored.unwrap_or_default())
    }

    pub(super) fn exists(&self) -> bool {
        self.exists
    }

    pub(super) fn change(&mut self) -> &mut Changes {
        self.exists = true;
        self.is_changed = true;
        &mut self.changes
    }

    /// What was changed so far; to look at.
    pub(super) fn changes(&mut self) -> &mut Changes {
        &mut self.changes
    }

    /// The place behind all others; the same until it is taken.
    pub(super) fn next_position(&self) -> i64 {
        self.back
    }

    pub(super) fn take_position(&mut self) {
        self.change();
        self.back += 1;
    }

    /// A job became pending.
    pub(super) fn arrived(&mut self, priority: Priority) {
        self.change().pending[index(priority)] += 1;
        self.is_drained[index(priority)] = false;
        self.has_arrivals = true;
    }

    /// So many jobs are pending no more.
    pub(super) fn departed(&mut self, priority: Priority, jobs: i64) {
        self.change().pending[index(priority)] -= jobs;
    }

    pub(super) fn may_have(&self, priority: Priority) -> bool {
        !self.is_drained[index(priority)]
    }

    /// A look has found no job of this priority, or the last ones, which were taken.
    pub(super) fn drained(&mut self, priority: Priority) {
        self.is_drained[index(priority)] = true;
    }

    /// When the earliest delayed job is due, if there is one.
    pub(super) fn earliest(&mut self, connection: &Connection, queue: &QueueName) -> rusqlite::Result<Option<i64>> {
        if !self.exists {
            return Ok(None);
        }
        let earliest = match self.earliest {
            Some(known) => known,
            None => connection.prepare_cached(EARLIEST)?.query_row([queue.as_str()], |row| row.get(0)).optional()?,
        };
        self.earliest = Some(earliest);
        Ok(earliest)
    }

    /// A job became delayed until `due`, while this was the earliest.
    pub(super) fn will_be_due(&mut self, due: i64, earliest: Option<i64>) {
        self.change().delayed += 1;
        if earliest.is_none_or(|earliest| due < earliest) {
            self.is_due_earlier = true;
            self.earliest = Some(Some(due));
        }
    }

    /// So many jobs are delayed no more, the earliest perhaps among them.
    pub(super) fn no_longer_delayed(&mut self, jobs: i64) {
        self.change().delayed -= jobs;
        self.earliest = None;
    }

    /// Whether idle workers of this process should hear, and whether those of others should.
    pub(super) fn wakes(&self) -> (bool, bool) {
        let pending = self.pending_before + self.changes.pending.iter().sum::<i64>();
        let has_arrived = self.has_arrivals && pending > 0;
        // Where jobs were pending all along, nobody sat idle.
        (has_arrived || self.is_due_earlier, (has_arrived && self.pending_before == 0) || self.is_due_earlier)
    }

    /// Writes the numbers back. From here on the entry is as of the next transaction.
    pub(super) fn store(&mut self, connection: &Connection, queue: &QueueName) -> rusqlite::Result<()> {
        if !self.is_changed {
            return Ok(());
        }
        if !self.is_stored {
            connection.prepare_cached(REGISTER)?.execute([queue.as_str()])?;
        }
        let Changes { pending, counters, .. } = &self.changes;
        connection.prepare_cached(STORE)?.execute(params![
            queue.as_str(),
            self.back,
            pending[0],
            pending[1],
            pending[2],
            pending[3],
            self.changes.delayed,
            self.changes.reserved,
            self.changes.completed,
            self.changes.failed,
            self.changes.cancelled,
            self.changes.system_errors,
            counters.enqueued.cast_signed(),
            counters.processed.cast_signed(),
            counters.failed.cast_signed(),
            counters.retried.cast_signed(),
            counters.timeouts.cast_signed(),
            counters.thread_pool_exhaustion.cast_signed(),
            self.changes.pruned_until,
        ])?;
        self.pending_before += pending.iter().sum::<i64>();
        self.changes = Changes::default();
        (self.is_stored, self.is_changed) = (true, false);
        (self.has_arrivals, self.is_due_earlier) = (false, false);
        Ok(())
    }
}

fn index(priority: Priority) -> usize {
    usize::from(priority.as_number()) - 1
}

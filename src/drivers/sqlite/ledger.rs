//! The numbers of the queues that one transaction touches: read once, written once.

use journeyman_job::{Priority, QueueName};
use rusqlite::{Connection, OptionalExtension, params};

use crate::queue::Counters;

const LOAD: &str = "SELECT back, pending_low + pending_normal + pending_high + pending_critical
    FROM queue_stats WHERE queue = ?1";

const REGISTER: &str = "INSERT INTO queue_stats (queue) VALUES (?1)";

const EARLIEST: &str = "SELECT available_at FROM queue_jobs
    WHERE state = 'delayed' AND queue = ?1 ORDER BY available_at LIMIT 1";

const STORE: &str = "UPDATE queue_stats SET
    back = ?2,
    pending_low = pending_low + ?3, pending_normal = pending_normal + ?4,
    pending_high = pending_high + ?5, pending_critical = pending_critical + ?6,
    delayed = delayed + ?7, reserved = reserved + ?8,
    completed = completed + ?9, failed = failed + ?10, cancelled = cancelled + ?11, system_errors = system_errors + ?12,
    total_enqueued = total_enqueued + ?13, total_processed = total_processed + ?14, total_failed = total_failed + ?15,
    total_retried = total_retried + ?16, total_timeouts = total_timeouts + ?17,
    pruned_until = max(pruned_until, ?18)
    WHERE queue = ?1";

/// What a transaction does to the numbers of one queue.
#[derive(Debug, Default)]
pub(super) struct Entry {
    back: i64,
    pending_before: i64,
    pending: [i64; 4],
    pub(super) delayed: i64,
    pub(super) reserved: i64,
    pub(super) completed: i64,
    pub(super) failed: i64,
    pub(super) cancelled: i64,
    pub(super) system_errors: i64,
    pub(super) counters: Counters,
    /// See the column; milliseconds.
    pub(super) pruned_until: i64,
    is_changed: bool,
    has_arrivals: bool,
    /// The inner one is the earliest delayed job's time, if there is one.
    earliest: Option<Option<i64>>,
    is_due_earlier: bool,
}

impl Entry {
    /// A place behind all others.
    pub(super) fn next_position(&mut self) -> i64 {
        self.is_changed = true;
        let position = self.back;
        self.back += 1;
        position
    }

    /// A job became pending.
    pub(super) fn arrived(&mut self, priority: Priority) {
        self.add_pending(priority, 1);
        self.has_arrivals = true;
    }

    pub(super) fn add_pending(&mut self, priority: Priority, jobs: i64) {
        self.is_changed = true;
        self.pending[usize::from(priority.as_number()) - 1] += jobs;
    }

    /// For the fields that are open to all.
    pub(super) fn change(&mut self) -> &mut Self {
        self.is_changed = true;
        self
    }

    fn has_pending(&self) -> bool {
        self.pending_before + self.pending.iter().sum::<i64>() > 0
    }

    fn store(&self, connection: &Connection, queue: &str) -> rusqlite::Result<()> {
        let [low, normal, high, critical] = self.pending;
        let Counters { enqueued, processed, failed, retried, timeouts, .. } = self.counters;
        let [enqueued, processed, failed, retried, timeouts] =
            [enqueued, processed, failed, retried, timeouts].map(u64::cast_signed);
        connection.prepare_cached(STORE)?.execute(params![
            queue,
            self.back,
            low,
            normal,
            high,
            critical,
            self.delayed,
            self.reserved,
            self.completed,
            self.failed,
            self.cancelled,
            self.system_errors,
            enqueued,
            processed,
            failed,
            retried,
            timeouts,
            self.pruned_until,
        ])?;
        Ok(())
    }
}

/// Whom to wake after the commit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wakes {
    /// Queues of which idle workers of this process should hear.
    pub(super) here: Vec<QueueName>,
    /// Those for want of which workers of other processes may sit idle.
    pub(super) elsewhere: Vec<QueueName>,
}

/// The entries of one transaction. Few queues take part in one, so a list is as good as a map.
#[derive(Debug, Default)]
pub(super) struct Ledger(Vec<(QueueName, Entry)>);

impl Ledger {
    /// The entry of a queue; none if nothing was ever pushed to it.
    pub(super) fn entry(&mut self, connection: &Connection, queue: &QueueName) -> rusqlite::Result<Option<&mut Entry>> {
        let index = match self.0.iter().position(|(known, _)| known == queue) {
            Some(index) => index,
            None => match load(connection, queue)? {
                Some(entry) => {
                    self.0.push((queue.clone(), entry));
                    self.0.len() - 1
                }
                None => return Ok(None),
            },
        };
        Ok(self.0.get_mut(index).map(|(_, entry)| entry))
    }

    /// Makes the queue known if it is not.
    pub(super) fn register(&mut self, connection: &Connection, queue: &QueueName) -> rusqlite::Result<()> {
        if self.entry(connection, queue)?.is_none() {
            connection.prepare_cached(REGISTER)?.execute([queue.as_str()])?;
        }
        Ok(())
    }

    /// A job became delayed until `due`. To be called before it is written.
    pub(super) fn will_be_due(&mut self, connection: &Connection, queue: &QueueName, due: i64) -> rusqlite::Result<()> {
        let Some(entry) = self.entry(connection, queue)? else { return Ok(()) };
        let earliest = match entry.earliest {
            Some(known) => known,
            None => connection.prepare_cached(EARLIEST)?.query_row([queue.as_str()], |row| row.get(0)).optional()?,
        };
        if earliest.is_none_or(|earliest| due < earliest) {
            entry.is_due_earlier = true;
            entry.earliest = Some(Some(due));
        } else {
            entry.earliest = Some(earliest);
        }
        Ok(())
    }

    /// Writes the numbers back, and tells whom to wake once they are committed.
    pub(super) fn close(&self, connection: &Connection) -> rusqlite::Result<Wakes> {
        let mut wakes = Wakes::default();
        for (queue, entry) in &self.0 {
            if entry.is_changed {
                entry.store(connection, queue.as_str())?;
            }
            let has_arrived = entry.has_arrivals && entry.has_pending();
            if has_arrived || entry.is_due_earlier {
                wakes.here.push(queue.clone());
            }
            // Where jobs were pending all along, nobody sat idle.
            if (has_arrived && entry.pending_before == 0) || entry.is_due_earlier {
                wakes.elsewhere.push(queue.clone());
            }
        }
        Ok(wakes)
    }
}

fn load(connection: &Connection, queue: &QueueName) -> rusqlite::Result<Option<Entry>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Entry { back: row.get(0)?, pending_before: row.get(1)?, pruned_until: -1, ..Entry::default() })
    };
    connection.prepare_cached(LOAD)?.query_row([queue.as_str()], read).optional()
}

//! The lines in which jobs stand.
//!
//! Each row of `queue_jobs` carries the number of its line and its place in it, and one index on the two serves all:
//! pending jobs by queue and priority, in their order; delayed ones by when they are due; ended ones by when they ended;
//! and reserved ones by the worker that holds them. A move between states is thus a move of one index entry.
//!
//! The numbers are hashes, so that no table of numbers has to be kept. Two names that met would share a line, which
//! costs a few rows read in vain: every statement that takes from a line compares the name as well.

use journeyman_job::{Priority, QueueName};

use crate::queue::{State, WorkerId};

/// Low bits that tell the lines of one queue apart.
const CODE_BITS: u32 = 4;

/// A queue's pending jobs of one priority.
pub(super) fn pending(queue: &QueueName, priority: Priority) -> i64 {
    of_queue(queue, i64::from(priority.as_number()))
}

/// A queue's delayed jobs.
pub(super) fn delayed(queue: &QueueName) -> i64 {
    of_queue(queue, 5)
}

/// A queue's jobs that ended well, or failed, or were cancelled.
pub(super) fn ended(queue: &QueueName, state: State) -> i64 {
    let code = match state {
        State::Failed => 7,
        State::Cancelled => 8,
        _ => 6,
    };
    of_queue(queue, code)
}

/// All that a worker holds, of whatever queue.
pub(super) fn held_by(worker: &WorkerId) -> i64 {
    of_worker(worker.as_str())
}

/// The same for a name as it was read.
pub(super) fn of_worker(worker: &str) -> i64 {
    -1 - (hash(worker) >> 1).cast_signed()
}

fn of_queue(queue: &QueueName, code: i64) -> i64 {
    (hash(queue.as_str()) >> (CODE_BITS + 1)).cast_signed() << CODE_BITS | code
}

/// FNV-1a: stored, so it may never change.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_numbers_never_change() {
        let queue = QueueName::default();
        assert_eq!(pending(&queue, Priority::Normal), 8_491_205_643_021_083_378);
        assert_eq!(of_worker("worker-1"), -1_317_478_137_618_232_823);
    }

    #[test]
    fn no_two_lines_meet_and_only_workers_lines_are_below_zero() {
        let mut lines = HashSet::new();
        for name in ["default", "a", "b", "mail", "Mail"] {
            let queue = QueueName::new(name).unwrap();
            let ended = [State::Completed, State::Failed, State::Cancelled].map(|state| ended(&queue, state));
            let pending = Priority::DESCENDING.map(|priority| pending(&queue, priority));
            for line in pending.into_iter().chain(ended).chain([delayed(&queue)]) {
                assert!(line > 0 && lines.insert(line), "{name}");
            }
            assert!(of_worker(name) < 0 && lines.insert(of_worker(name)), "{name}");
        }
    }
}

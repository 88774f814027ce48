//! Work for a processor, measured out in its own time.

use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use journeyman::clock::Stopwatch;

/// Between two looks at the clock lie some tens of nanoseconds. Where it is this long, the processor was another's meanwhile.
const INTERRUPTED: Duration = Duration::from_micros(5);

/// Keeps the processor busy until this thread has had it for `work`.
///
/// What another thread takes meanwhile is no work done: counted by the clock from first to last, all that the store and the
/// worker's other threads take from a full machine would vanish in the handlers. Nor is it a number of turns: those cost more
/// beside a busy neighbour. The system's own account of a thread would do the same, but cannot be asked in safe code.
pub fn spin(work: Duration) {
    let clock = Stopwatch::start();
    let mut spent = Spent::default();
    while spent.own < work {
        spent.look(clock.elapsed());
    }
}

/// The hidden command: the same work in as many threads as a worker has, and nothing else.
pub fn alone(threads: u64, turns: u64, work: Duration) -> anyhow::Result<()> {
    let spinning: Vec<_> = (0..threads).map(|_| thread::spawn(move || (0..turns).for_each(|_| spin(work)))).collect();
    spinning.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked")))
}

#[derive(Debug, Default)]
struct Spent {
    own: Duration,
    last: Duration,
}

impl Spent {
    fn look(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.last);
        if passed < INTERRUPTED {
            self.own += passed;
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_took_is_no_work_done() {
        let mut spent = Spent::default();
        for now in [1, 2, 900, 901, 903] {
            spent.look(Duration::from_micros(now));
        }
        assert_eq!(spent.own, Duration::from_micros(5));
    }

    #[test]
    fn it_takes_at_least_as_long_as_the_work() {
        let clock = Stopwatch::start();
        spin(Duration::from_millis(1));
        assert!(clock.elapsed() >= Duration::from_millis(1));
    }
}

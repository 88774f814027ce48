//! Which of very many queues are worth a look now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journeyman_job::QueueName;

use crate::clock::Stopwatch;

/// So many queues are all looked at every time.
const FEW: usize = 256;
/// How old a list of very many queues may be.
const LISTED_FOR: Duration = Duration::from_secs(1);
/// Calls of a verb until each queue had its turn. A lease is noticed in at most so many seconds, well before it ends. A prime
/// number, so that callers who take turns with one rota do not each see the same queues.
pub(super) const TURNS: usize = 13;
/// The same for the pruner, which is in no hurry.
pub(super) const LONG_TURNS: usize = 61;

/// What a verb has found in each queue the last time. It looks at those where there was something each time, and so at any
/// that a hint names, and at the others in turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Rota(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// Whether a queue was idle. Of one that is missing nothing is known.
    idle: HashMap<QueueName, bool>,
    turn: usize,
}

/// The names of all queues as they were read a moment ago, if there are very many of them.
#[derive(Debug, Default)]
pub(super) struct Listed(Mutex<Option<(Stopwatch, Arc<[QueueName]>)>>);

impl Listed {
    pub(super) fn recent(&self) -> Option<Arc<[QueueName]>> {
        let listed = self.lock();
        let (since, queues) = listed.as_ref()?;
        (since.elapsed() < LISTED_FOR).then(|| Arc::clone(queues))
    }

    pub(super) fn set(&self, queues: Arc<[QueueName]>) {
        *self.lock() = (queues.len() > FEW).then(|| (Stopwatch::start(), queues));
    }

    /// Forgets it: this process has added a name.
    pub(super) fn clear(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Stopwatch, Arc<[QueueName]>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queues to look at now.
pub(super) struct Pick<'a> {
    pub(super) queues: Vec<&'a QueueName>,
    /// Whether there are others of which nothing is known yet.
    pub(super) is_part: bool,
}

impl Rota {
    /// The queues to look at now. Once all are known, each comes up within `turns` calls.
    pub(super) fn pick<'a>(&self, queues: &'a [QueueName], turns: usize) -> Pick<'a> {
        if queues.len() <= FEW {
            return Pick { queues: queues.iter().collect(), is_part: false };
        }
        let mut seen = self.lock();
        seen.turn = (seen.turn + 1) % turns;
        // All of them at once could take longer than a call may.
        let mut room = queues.len() / turns + 1;
        let mut pick = Pick { queues: Vec::new(), is_part: false };
        for (place, queue) in queues.iter().enumerate() {
            match seen.idle.get(queue) {
                Some(true) if place % turns != seen.turn => {}
                Some(_) => pick.queues.push(queue),
                None if room == 0 => pick.is_part = true,
                None => {
                    room -= 1;
                    pick.queues.push(queue);
                }
            }
        }
        pick
    }

    /// Those queues in which there was something the last time.
    pub(super) fn busy<'a>(&self, queues: &'a [QueueName]) -> Vec<&'a QueueName> {
        let seen = self.lock();
        let is_few = queues.len() <= FEW;
        queues.iter().filter(|queue| is_few || seen.idle.get(*queue) == Some(&false)).collect()
    }

    /// Remembers whether a look found nothing that asks for another one soon.
    pub(super) fn found(&self, queue: &QueueName, is_idle: bool) {
        let mut seen = self.lock();
        match seen.idle.get_mut(queue) {
            Some(known) => *known = is_idle,
            None => {
                seen.idle.insert(queue.clone(), is_idle);
            }
        }
    }

    /// Forgets all: everything may have changed.
    pub(super) fn clear(&self) {
        self.lock().idle.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn queues(count: usize) -> Vec<QueueName> {
        (0..count).map(|number| QueueName::new(&format!("q{number}")).unwrap()).collect()
    }

    #[test]
    fn few_queues_are_all_looked_at() {
        let (rota, queues) = (Rota::default(), queues(FEW));
        queues.iter().for_each(|queue| rota.found(queue, true));
        assert_eq!(rota.pick(&queues, TURNS).queues.len(), FEW);
        assert_eq!(rota.busy(&queues).len(), FEW);
    }

    #[test]
    fn of_many_the_busy_ones_always_and_the_others_in_turn() {
        let (rota, queues) = (Rota::default(), queues(1000));
        queues.iter().for_each(|queue| rota.found(queue, true));
        rota.found(&queues[3], false);
        assert_eq!(rota.busy(&queues), [&queues[3]]);
        let picks: Vec<_> = (0..TURNS).map(|_| rota.pick(&queues, TURNS).queues).collect();
        assert!(picks.iter().all(|pick| pick.len() < 80 && pick.contains(&&queues[3])));
        assert_eq!(picks.concat().into_iter().collect::<HashSet<_>>().len(), 1000);
    }

    #[test]
    fn those_of_which_nothing_is_known_are_not_looked_at_all_at_once() {
        let (rota, queues) = (Rota::default(), queues(1000));
        for call in 1..=TURNS {
            let Pick { queues: picked, is_part } = rota.pick(&queues, TURNS);
            assert!(picked.len() < 160, "{}", picked.len());
            assert_eq!(is_part, call < TURNS);
            picked.iter().for_each(|queue| rota.found(queue, true));
        }
        rota.clear();
        assert!(rota.pick(&queues, TURNS).is_part);
    }
}

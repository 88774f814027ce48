//! Settling.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use journeyman::job::{ErrorKind, JobError, Priority, QueueName};
use journeyman::queue::{Counted, NewJob, Reservation, Settle, Settled, Settlement, State, Trail};

use super::{ALL, World};
use crate::model::look;
use crate::model::operations::{Ending, How, Which};
use crate::model::pair::{Both, Wrong};

impl World {
    pub(super) async fn settle(&mut self, worker: usize, endings: &[Ending]) -> Result<(), Wrong> {
        let mut batch = Vec::new();
        for ending in endings {
            if let Some(reservation) = self.shown(worker, ending.which) {
                batch.push(self.ending(reservation, ending));
            }
        }
        self.keep_lines_clear(&mut batch);
        let batch = Both {
            model: batch.iter().map(|settle| settle.model.clone()).collect::<Vec<_>>(),
            real: batch.into_iter().map(|settle| settle.real).collect(),
        };
        let outcomes = self.pair.each(batch.clone(), async |store, batch| store.settle(batch).await).await?;
        let outcomes = outcomes.equal("the outcomes")?;
        for (settle, _) in batch.model.into_iter().zip(outcomes).filter(|(_, outcome)| *outcome == Settled::Done) {
            self.settled(settle);
        }
        Ok(())
    }

    fn shown(&mut self, worker: usize, which: Which) -> Option<Both<Reservation>> {
        let held = self.held(worker);
        let nth = |of: &[Both<Reservation>], number: usize| of.get(number % of.len().max(1)).cloned();
        match which {
            Which::Held(number) => nth(&held, number),
            Which::Past(number) => {
                let holds = self.holds.get(&worker)?;
                Some(holds[number % holds.len()].reservation.clone())
            }
            Which::Forged(number, false) => nth(&held, number).map(|held| {
                held.map(|mut held| {
                    held.token.attempt += 1;
                    held
                })
            }),
            Which::Forged(number, true) => {
                let call = self.call();
                nth(&held, number).map(|held| {
                    held.map(|mut held| {
                        held.token.call = call;
                        held
                    })
                })
            }
        }
    }

    fn ending(&mut self, reservation: Both<Reservation>, ending: &Ending) -> Both<Settle> {
        let error = |kind| JobError::of(kind, "it went wrong");
        let settlement = match ending.how {
            How::Complete => Settlement::Complete,
            How::Release(seconds) => Settlement::Release { delay: self.delay(seconds) },
            How::Snooze(seconds) => Settlement::Snooze { delay: self.delay(seconds) },
            How::Fail { undecodable: true } => Settlement::Fail { error: error(ErrorKind::Undecodable) },
            How::Fail { undecodable: false } => Settlement::Fail { error: error(ErrorKind::Error) },
            How::Cancel => Settlement::Cancel,
            How::Requeue => Settlement::Requeue,
        };
        self.made += 1;
        let mut trail = Trail { requeues: u32::try_from(self.made).unwrap(), ..Trail::default() };
        if let Settlement::Fail { error } = &settlement {
            trail.error = Some(error.clone());
        }
        let counted = ending.counted.map(|timed_out| if timed_out { Counted::Timeout } else { Counted::PoolExhausted });
        let then: Vec<NewJob> = ending.then.iter().map(|wanted| self.job(wanted, false)).collect();
        then.iter().for_each(|job| self.know(job.clone()));
        let trail = trail.encode();
        reservation.map(|reservation| Settle {
            reservation,
            settlement: settlement.clone(),
            trail: trail.clone(),
            counted,
            then: then.clone(),
        })
    }

    /// Free: among jobs given back by several calls, whether the last given back goes first or the first taken. So where
    /// these differ a job goes to the back instead.
    fn keep_lines_clear(&self, batch: &mut [Both<Settle>]) {
        let mut earlier: HashMap<(QueueName, Priority), u64> = HashMap::new();
        for settle in batch {
            let Reservation { job, queue, priority, .. } = &settle.model.reservation;
            let is_held = self.holder.get(job).is_some_and(|holder| holder.model == settle.model.reservation);
            if settle.model.settlement != Settlement::Requeue || !is_held {
                continue;
            }
            let (line, arrived) = ((queue.clone(), *priority), self.lines.arrived[job]);
            let is_first = self
                .lines
                .given_back
                .iter()
                .filter(|(_, of)| **of == line)
                .all(|(back, _)| arrived < self.lines.arrived[back]);
            if is_first && earlier.get(&line).is_none_or(|earlier| *earlier < arrived) {
                earlier.insert(line, arrived);
            } else {
                settle.model.settlement = Settlement::Snooze { delay: Duration::ZERO };
                settle.real.settlement = Settlement::Snooze { delay: Duration::ZERO };
            }
        }
    }

    fn settled(&mut self, settle: Settle) {
        let Reservation { job, queue, priority, .. } = settle.reservation;
        self.holder.remove(&job);
        match settle.settlement {
            Settlement::Requeue => _ = self.lines.given_back.insert(job, (queue, priority)),
            Settlement::Release { .. } | Settlement::Snooze { .. } => _ = self.lines.arrived.remove(&job),
            Settlement::Complete | Settlement::Fail { .. } | Settlement::Cancel => {
                self.moments.ended.insert(job, self.pair.now());
            }
        }
        settle.then.iter().for_each(|job| _ = self.pruned.remove(&job.id()));
    }

    /// Notes who came to wait where, by the model's account.
    pub(super) async fn line_up(&mut self) -> Result<(), Wrong> {
        let mut waiting = HashSet::new();
        for queue in &self.queues {
            for job in look::listed(&*self.pair.model, queue, State::Pending, ALL).await?.0 {
                waiting.insert(job.id);
                self.lines.arrive(job.id);
            }
        }
        self.lines.given_back.retain(|job, _| waiting.contains(job));
        Ok(())
    }
}

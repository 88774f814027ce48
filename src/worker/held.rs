//! The jobs that this worker holds, by its own account.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::revoked::Revoked;
use crate::queue::{CallId, Reservation, ReservedJob, Trail};
use journeyman_job::JobId;

/// Every job from the moment its reserve is answered until its settlement is. The heartbeat reads it.
#[derive(Debug)]
pub(super) struct Held {
    state: Mutex<State>,
    /// Deaths that end a job.
    max_crashes: u32,
}

#[derive(Debug, Default)]
struct State {
    jobs: HashMap<JobId, Entry>,
    /// Calls to the store that may be handing out jobs at this moment.
    calls: HashSet<CallId>,
    /// Calls that have ended since the latest beat began: what they handed out may be settled and gone by now.
    ended_calls: HashSet<CallId>,
    /// The grace period is over: whatever still comes in goes straight back.
    gives_back: bool,
    /// The suspect that may run, if it is still held.
    turn: Option<JobId>,
}

#[derive(Debug)]
struct Entry {
    reservation: Reservation,
    revoked: Revoked,
    is_suspect: bool,
}

/// Whether a job may run beside what else is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// No suspect: whenever it likes.
    Any,
    /// Once it is the only suspect held.
    Own,
    /// Another suspect has its turn.
    Others,
}

impl Held {
    pub(super) fn new(max_crashes: u32) -> Self {
        Self { state: Mutex::default(), max_crashes }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Must come before the call itself, so that a beat in between does not take its jobs for strays.
    pub(super) fn call_begins(&self, call: CallId) {
        self.state().calls.insert(call);
    }

    /// The call has ended: these jobs are held from now on.
    pub(super) fn call_ends(&self, call: CallId, jobs: &[ReservedJob]) -> Vec<Revoked> {
        let suspects: Vec<bool> = jobs.iter().map(|job| is_suspect(job, self.max_crashes)).collect();
        let mut state = self.state();
        state.calls.remove(&call);
        state.ended_calls.insert(call);
        jobs.iter()
            .zip(suspects)
            .map(|(job, is_suspect)| {
                let revoked = Revoked::default();
                if state.gives_back {
                    revoked.give_back();
                }
                let entry = Entry { reservation: job.reservation.clone(), revoked: revoked.clone(), is_suspect };
                state.jobs.insert(job.reservation.job, entry);
                revoked
            })
            .collect()
    }

    /// Lets go of jobs whose settlement is answered.
    pub(super) fn release<'a>(&self, settled: impl Iterator<Item = &'a Reservation>) {
        let mut state = self.state();
        for reservation in settled {
            let is_same = |entry: &Entry| entry.reservation.token == reservation.token;
            if state.jobs.get(&reservation.job).is_some_and(is_same) {
                state.jobs.remove(&reservation.job);
            }
        }
    }

    /// Gives the turn to a suspect if no other one has it.
    pub(super) fn turn(&self, job: JobId) -> Turn {
        let mut state = self.state();
        if !state.jobs.get(&job).is_some_and(|entry| entry.is_suspect) {
            return Turn::Any;
        }
        if state.turn.is_some_and(|other| other != job && state.jobs.contains_key(&other)) {
            return Turn::Others;
        }
        state.turn = Some(job);
        Turn::Own
    }

    /// Whether no more than one suspect is held.
    pub(super) fn is_rid_of_other_suspects(&self) -> bool {
        self.state().jobs.values().filter(|entry| entry.is_suspect).count() <= 1
    }

    /// What a beat that begins now must name.
    pub(super) fn beat_begins(&self) -> Vec<Reservation> {
        let mut state = self.state();
        state.ended_calls.clear();
        state.jobs.values().map(|entry| entry.reservation.clone()).collect()
    }

    /// Whether everything that was reserved is settled too.
    pub(super) fn is_empty(&self) -> bool {
        self.state().jobs.is_empty()
    }

    /// Cancels a job that the store has given to another.
    pub(super) fn revoke(&self, lost: &Reservation) -> bool {
        match self.state().jobs.get(&lost.job) {
            Some(entry) if entry.reservation.token == lost.token && !entry.revoked.is_over() => {
                entry.revoked.lose();
                true
            }
            _ => false,
        }
    }

    /// Tells every running job to stop; each is given back.
    pub(super) fn give_back_all(&self) {
        let mut state = self.state();
        state.gives_back = true;
        state.jobs.values().for_each(|entry| entry.revoked.give_back());
    }

    /// Whether a job that the store counts as held here is a stray: nobody here knows it or waits for it.
    pub(super) fn is_stray(&self, reservation: &Reservation) -> bool {
        let state = self.state();
        let known = state.jobs.get(&reservation.job).is_some_and(|entry| entry.reservation.token == reservation.token);
        let call = &reservation.token.call;
        !known && !state.calls.contains(call) && !state.ended_calls.contains(call)
    }
}

/// Whether one more death would be the end of a job that others have died under: its own doing, or a neighbour's.
fn is_suspect(job: &ReservedJob, max_crashes: u32) -> bool {
    // Most jobs are at their first attempt and have no past to read.
    let crashes = if job.trail.is_empty() { 0 } else { Trail::decode(&job.trail).crashes };
    crashes > 0 && crashes.saturating_add(1) >= max_crashes
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use journeyman_job::{Priority, QueueName};

    use super::*;
    use crate::clock::Timestamp;
    use crate::queue::{Token, WorkerId};

    fn job(crashes: u32) -> ReservedJob {
        let queue = QueueName::default();
        let reservation = Reservation {
            job: JobId::generate(&queue),
            queue,
            priority: Priority::Normal,
            worker: WorkerId::new("w").unwrap(),
            token: Token { attempt: 1, call: CallId(1) },
        };
        let trail = Trail { crashes, ..Trail::default() }.encode();
        ReservedJob { reservation, body: Bytes::new(), trail, reserved_at: Timestamp::default(), lost: None }
    }

    #[test]
    fn p6_suspects_run_one_at_a_time_and_only_once_the_others_are_gone() {
        let held = Held::new(3);
        let (one, other, harmless) = (job(2), job(2), job(1));
        held.call_ends(CallId(1), &[one.clone(), other.clone(), harmless.clone()]);
        let id = |job: &ReservedJob| job.reservation.job;
        assert_eq!(held.turn(id(&harmless)), Turn::Any, "one death is nobody's fault");
        assert_eq!(
            [held.turn(id(&one)), held.turn(id(&other)), held.turn(id(&one))],
            [Turn::Own, Turn::Others, Turn::Own]
        );
        assert!(!held.is_rid_of_other_suspects());
        held.release(std::iter::once(&other.reservation));
        assert!(held.is_rid_of_other_suspects());
        held.release(std::iter::once(&one.reservation));
        held.call_ends(CallId(2), std::slice::from_ref(&other));
        assert_eq!(held.turn(id(&other)), Turn::Own);
    }
}

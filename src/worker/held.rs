//! The jobs that this worker holds, by its own account.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journeyman_job::JobId;
use tokio_util::sync::CancellationToken;

use crate::queue::{CallId, Reservation, ReservedJob};

/// Every job from the moment its reserve is answered until its settlement is. The heartbeat reads it.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    jobs: HashMap<JobId, Entry>,
    /// Calls to the store that may be handing out jobs at this moment.
    calls: HashSet<CallId>,
    /// Calls that have ended since the latest beat began: what they handed out may be settled and gone by now.
    ended_calls: HashSet<CallId>,
    /// The grace period is over: whatever still comes in goes straight back.
    gives_back: bool,
}

#[derive(Debug)]
struct Entry {
    reservation: Reservation,
    revoked: Revoked,
}

/// Fires when the attempt's result will not count any more.
#[derive(Debug, Clone, Default)]
pub(super) struct Revoked {
    /// The store says that the job belongs to another.
    pub(super) lost: CancellationToken,
    /// The worker is stopping and gives the job back.
    pub(super) give_back: CancellationToken,
    is_over: Arc<AtomicBool>,
}

impl Revoked {
    /// The attempt has ended and is being settled: whoever has the job now, there is nothing left to cancel.
    pub(super) fn over(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Held {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Must come before the call itself, so that a beat in between does not take its jobs for strays.
    pub(super) fn call_begins(&self, call: CallId) {
        self.state().calls.insert(call);
    }

    /// The call has ended: these jobs are held from now on.
    pub(super) fn call_ends(&self, call: CallId, jobs: &[ReservedJob]) -> Vec<Revoked> {
        let mut state = self.state();
        state.calls.remove(&call);
        state.ended_calls.insert(call);
        jobs.iter()
            .map(|job| {
                let revoked = Revoked::default();
                if state.gives_back {
                    revoked.give_back.cancel();
                }
                let entry = Entry { reservation: job.reservation.clone(), revoked: revoked.clone() };
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
            Some(entry) if entry.reservation.token == lost.token && !entry.revoked.is_over.load(Ordering::Relaxed) => {
                entry.revoked.lost.cancel();
                true
            }
            _ => false,
        }
    }

    /// Tells every running job to stop; each is given back.
    pub(super) fn give_back_all(&self) {
        let mut state = self.state();
        state.gives_back = true;
        state.jobs.values().for_each(|entry| entry.revoked.give_back.cancel());
    }

    /// Whether a job that the store counts as held here is a stray: nobody here knows it or waits for it.
    pub(super) fn is_stray(&self, reservation: &Reservation) -> bool {
        let state = self.state();
        let known = state.jobs.get(&reservation.job).is_some_and(|entry| entry.reservation.token == reservation.token);
        let call = &reservation.token.call;
        !known && !state.calls.contains(call) && !state.ended_calls.contains(call)
    }
}

//! The jobs that this worker holds, by its own account.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
        jobs.iter()
            .map(|job| {
                let revoked = Revoked::default();
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

    pub(super) fn reservations(&self) -> Vec<Reservation> {
        self.state().jobs.values().map(|entry| entry.reservation.clone()).collect()
    }

    /// Whether everything that was reserved is settled too.
    pub(super) fn is_empty(&self) -> bool {
        self.state().jobs.is_empty()
    }

    /// Cancels a job that the store has given to another.
    pub(super) fn revoke(&self, lost: &Reservation) -> bool {
        match self.state().jobs.get(&lost.job) {
            Some(entry) if entry.reservation.token == lost.token => {
                entry.revoked.lost.cancel();
                true
            }
            _ => false,
        }
    }

    /// Tells every running job to stop; each is given back.
    pub(super) fn give_back_all(&self) {
        self.state().jobs.values().for_each(|entry| entry.revoked.give_back.cancel());
    }

    /// Whether a job that the store counts as held here is a stray: nobody here knows it or waits for it.
    pub(super) fn is_stray(&self, reservation: &Reservation) -> bool {
        let state = self.state();
        let known = state.jobs.get(&reservation.job).is_some_and(|entry| entry.reservation.token == reservation.token);
        !known && !state.calls.contains(&reservation.token.call)
    }
}

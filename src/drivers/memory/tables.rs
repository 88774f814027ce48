//! What the store holds, and the moves of a job that several verbs share.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use journeyman_job::{JobId, QueueName};

use super::line::Line;
use crate::clock::Timestamp;
use crate::queue::{CallId, Envelope, NoteKey, NoteKind, Reservation, ReservedJob, State, Token, UniqueKey, WorkerId};

/// A stored job.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) envelope: Envelope,
    pub(super) state: State,
    pub(super) attempts: u32,
    pub(super) created_at: Timestamp,
    pub(super) available_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// Present exactly while the job is reserved.
    pub(super) holder: Option<Holder>,
    /// The token under which it was last settled, by which a repeated settle is known.
    pub(super) settled: Option<Token>,
    pub(super) trail: Bytes,
    pub(super) is_system_error: bool,
    pub(super) unique: Option<UniqueKey>,
    /// Its place among those that wait as it does: the lower goes first.
    pub(super) place: i64,
    /// How many jobs had ended before it.
    pub(super) end: i64,
}

/// Who has a reserved job.
#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) worker: WorkerId,
    pub(super) token: Token,
    pub(super) since: Timestamp,
}

/// A worker's lease covers all that it holds.
#[derive(Debug, Default)]
pub(super) struct Lease {
    pub(super) ends_at: Timestamp,
    /// In the order taken.
    pub(super) held: Vec<JobId>,
}

#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) jobs: HashMap<JobId, Entry>,
    pub(super) lines: BTreeMap<QueueName, Line>,
    pub(super) leases: BTreeMap<WorkerId, Lease>,
    /// Ids of pruned jobs, the latest [`Tables::REMEMBERED`].
    pruned: BTreeSet<JobId>,
    /// The job that has each unique key and has not ended.
    pub(super) locks: HashMap<(QueueName, UniqueKey), JobId>,
    pub(super) paused: BTreeSet<QueueName>,
    pub(super) restarts: u64,
    /// With the time of their end.
    pub(super) notes: BTreeMap<(NoteKind, NoteKey), (Timestamp, Bytes)>,
    arrivals: i64,
    front: i64,
    ends: i64,
}

impl Tables {
    const REMEMBERED: usize = 100_000;

    pub(super) fn line(&mut self, queue: &QueueName) -> &mut Line {
        self.lines.entry(queue.clone()).or_default()
    }

    /// Puts a job that is in no list where it waits: at the back of its queue, or among the delayed.
    pub(super) fn line_up(&mut self, id: JobId, due: Timestamp, now: Timestamp) -> State {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let Some(entry) = self.jobs.get_mut(&id) else { return State::Pending };
        entry.available_at = due;
        entry.place = arrival;
        entry.state = if due > now { State::Delayed } else { State::Pending };
        let (state, priority, queue) = (entry.state, entry.envelope.priority, entry.envelope.queue.clone());
        let line = self.line(&queue);
        match state {
            State::Delayed => _ = line.delayed.insert(((due, arrival), id)),
            _ => line.pending(priority).push_back(id),
        }
        state
    }

    /// Moves due jobs of one queue to pending, at most `max`. Returns how many.
    pub(super) fn promote(&mut self, queue: &QueueName, now: Timestamp, max: usize) -> usize {
        let Some(line) = self.lines.get_mut(queue) else { return 0 };
        let mut moved = 0;
        while moved < max
            && let Some(id) = line.pop_due(now)
        {
            if let Some(entry) = self.jobs.get_mut(&id) {
                self.arrivals += 1;
                entry.place = self.arrivals;
                entry.state = State::Pending;
                line.pending(entry.envelope.priority).push_back(id);
            }
            moved += 1;
        }
        moved
    }

    /// Gives a job that is in no list to a worker.
    pub(super) fn hand(&mut self, id: JobId, worker: &WorkerId, call: CallId, now: Timestamp) -> Option<ReservedJob> {
        let entry = self.jobs.get_mut(&id)?;
        entry.state = State::Reserved;
        let token = Token { attempt: entry.attempts, call };
        entry.holder = Some(Holder { worker: worker.clone(), token, since: now });
        self.leases.entry(worker.clone()).or_default().held.push(id);
        self.as_reserved(id)
    }

    /// A reserved job as its holder sees it.
    pub(super) fn as_reserved(&self, id: JobId) -> Option<ReservedJob> {
        let entry = self.jobs.get(&id)?;
        let holder = entry.holder.as_ref()?;
        let reservation = Reservation {
            job: id,
            queue: entry.envelope.queue.clone(),
            priority: entry.envelope.priority,
            worker: holder.worker.clone(),
            token: holder.token,
        };
        let (body, trail) = (entry.envelope.body.clone(), entry.trail.clone());
        Some(ReservedJob { reservation, body, trail, reserved_at: holder.since, lost: None })
    }

    /// All that a worker holds, in the order taken.
    pub(super) fn held_by(&self, worker: &WorkerId) -> Vec<ReservedJob> {
        let held = self.leases.get(worker).map_or(&[][..], |lease| &lease.held);
        held.iter().filter_map(|id| self.as_reserved(*id)).collect()
    }

    /// What one call of a worker took and that it still holds.
    pub(super) fn taken_by(&self, worker: &WorkerId, call: CallId) -> Vec<ReservedJob> {
        let mut held = self.held_by(worker);
        held.retain(|job| job.reservation.token.call == call);
        held
    }

    /// Lets the worker's hold on all its jobs end at `ends_at`.
    pub(super) fn renew(&mut self, worker: &WorkerId, ends_at: Timestamp) {
        self.leases.entry(worker.clone()).or_default().ends_at = ends_at;
    }

    /// Takes a job out of its holder's hands.
    pub(super) fn let_go(&mut self, id: JobId) {
        let holder = self.jobs.get_mut(&id).and_then(|entry| entry.holder.take());
        if let Some(lease) = holder.and_then(|holder| self.leases.get_mut(&holder.worker)) {
            lease.held.retain(|held| *held != id);
        }
    }

    /// Puts a job that is in no list to the front of its queue.
    pub(super) fn give_back(&mut self, id: JobId) {
        self.front -= 1;
        let place = self.front;
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.state = State::Pending;
        entry.place = place;
        let (queue, priority) = (entry.envelope.queue.clone(), entry.envelope.priority);
        self.line(&queue).pending(priority).push_front(id);
    }

    /// Takes a waiting job out of its list.
    pub(super) fn take_out(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        let due = (entry.available_at, entry.place);
        let (queue, priority) = (entry.envelope.queue.clone(), entry.envelope.priority);
        let line = self.line(&queue);
        if !line.delayed.remove(&(due, id)) {
            line.pending(priority).retain(|waiting| *waiting != id);
        }
    }

    /// Ends a job that is in no list. Its unique key is free from now on.
    pub(super) fn end(&mut self, id: JobId, how: State, now: Timestamp, is_system_error: bool) {
        self.ends += 1;
        let end = self.ends;
        let Some(entry) = self.jobs.get_mut(&id) else { return };
        entry.state = how;
        entry.ended_at = Some(now);
        entry.end = end;
        entry.is_system_error = is_system_error;
        let queue = entry.envelope.queue.clone();
        self.unlock(id);
        let line = self.line(&queue);
        line.system_errors += u64::from(is_system_error);
        line.ended(how).push_back(id);
    }

    /// Frees the job's unique key if the job has it.
    pub(super) fn unlock(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        if let Some(key) = &entry.unique {
            let lock = (entry.envelope.queue.clone(), key.clone());
            if self.locks.get(&lock) == Some(&id) {
                self.locks.remove(&lock);
            }
        }
    }

    /// Removes the record of an ended job from its queue's.
    pub(super) fn forget_ended(&mut self, id: JobId) {
        let Some(entry) = self.jobs.get(&id) else { return };
        let (queue, state, is_system_error) = (entry.envelope.queue.clone(), entry.state, entry.is_system_error);
        let line = self.line(&queue);
        line.ended(state).retain(|ended| *ended != id);
        line.system_errors -= u64::from(is_system_error);
    }

    /// Removes an ended job's record for good.
    pub(super) fn forget(&mut self, id: JobId) {
        self.jobs.remove(&id);
        self.pruned.insert(id);
        if self.pruned.len() > Self::REMEMBERED {
            // Ids ascend with time, so the first is the oldest.
            self.pruned.pop_first();
        }
    }

    pub(super) fn was_pruned(&self, id: JobId) -> bool {
        self.pruned.contains(&id)
    }
}

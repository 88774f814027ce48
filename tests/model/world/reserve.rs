//! Reserving, and the leases on what was.

use journeyman::clock::Timestamp;
use journeyman::job::{Priority, QueueName};
use journeyman::queue::{Beat, CallId, Reservation, ReserveRequest, ReservedJob};

use super::{ALL, Ask, Hold, LEASE, ORDERS, World};
use crate::model::operations::{QUEUES, WORKERS};
use crate::model::pair::{Both, Wrong};

impl World {
    pub(super) async fn reserve(&mut self, worker: usize, ask: &Ask, is_repeat: bool) -> Result<(), Wrong> {
        let has_paused = ask.queues.iter().any(|queue| self.paused.contains(queue));
        if has_paused || is_repeat || ask.max == 0 {
            // Free: whether a reserve that takes nothing of a queue makes its due jobs pending, and so whether they go
            // before those pushed next.
            self.promote_all().await?;
        }
        let queues: Vec<QueueName> = ask.queues.iter().map(|queue| self.queues[*queue].clone()).collect();
        let request = ReserveRequest {
            worker: &self.workers[worker],
            queues: &queues,
            order: ORDERS[ask.order],
            max: ask.max,
            lease: LEASE,
            call: ask.call,
            is_repeat,
        };
        let reserved = self.pair.both(async |store| store.reserve(&request).await).await?;
        if !has_paused {
            // Free: whether a paused queue's delayed jobs count.
            reserved.clone().map(|reserved| reserved.next_due).equal("next_due")?;
        }
        let jobs = reserved.map(|reserved| reserved.jobs);
        jobs.clone().equal_lists("the reserved jobs")?;
        self.renew(worker, &[]);
        self.hold(worker, jobs);
        Ok(())
    }

    async fn promote_all(&self) -> Result<(), Wrong> {
        self.pair.same(async |store| store.promote(ALL).await).await.map(|_| ())
    }

    /// Remembers what a worker took; both took the same jobs, in the same order.
    fn hold(&mut self, worker: usize, jobs: Both<Vec<ReservedJob>>) {
        for (model, real) in jobs.model.into_iter().zip(jobs.real) {
            let job = model.reservation.job;
            let queue = self.queues.iter().position(|queue| *queue == model.reservation.queue);
            self.leases.insert((worker, queue), self.pair.now().plus(LEASE));
            self.moments.reserved.insert(job, model.reserved_at);
            // One that came due a moment ago was never seen waiting.
            self.lines.arrive(job);
            let reservation = Both { model: model.reservation, real: real.reservation };
            self.holder.insert(job, reservation.clone());
            let holds = self.holds.entry(worker).or_default();
            if holds.iter().all(|hold| hold.reservation.model != reservation.model) {
                holds.push(Hold { reservation });
            }
        }
    }

    /// What a worker holds, in the order taken.
    pub(super) fn held(&self, worker: usize) -> Vec<Both<Reservation>> {
        let holds = self.holds.get(&worker).into_iter().flatten().map(|hold| hold.reservation.clone());
        let is_holder = |hold: &Both<Reservation>| {
            self.holder.get(&hold.model.job).is_some_and(|holder| holder.model == hold.model)
        };
        holds.filter(is_holder).collect()
    }

    // Leases

    fn renew(&mut self, worker: usize, queues: &[usize]) {
        let until = self.pair.now().plus(LEASE);
        self.leases.insert((worker, None), until);
        queues.iter().for_each(|queue| _ = self.leases.insert((worker, Some(*queue)), until));
    }

    pub(super) async fn beat(&mut self, worker: usize, left_out: usize, past: usize) -> Result<(), Wrong> {
        let held = self.held(worker);
        let mut shown: Vec<Both<Reservation>> = held.iter().skip(left_out).cloned().collect();
        let is_held = |hold: &&Hold| held.iter().any(|held| held.model == hold.reservation.model);
        let past = self.holds.get(&worker).into_iter().flatten().filter(|hold| !is_held(hold)).take(past);
        shown.extend(past.map(|hold| hold.reservation.clone()));
        self.beat_with(worker, &shown).await
    }

    async fn beat_with(&mut self, worker: usize, shown: &[Both<Reservation>]) -> Result<(), Wrong> {
        let id = &self.workers[worker];
        let reply = self.pair.each(side_by_side(shown), async |store, held| {
            store.extend(&Beat { worker: id, lease: LEASE, held }).await
        });
        let reply = reply.await?;
        // Free: the order in which it is told.
        let sorted = reply.map(|mut reply| {
            reply.lost.sort_by_key(|lost| (lost.job, lost.token.attempt, lost.token.call.0));
            reply.unknown.sort_by_key(|job| job.reservation.job);
            reply
        });
        let lost = sorted
            .clone()
            .map(|reply| reply.lost.iter().map(|lost| (lost.job, lost.token.attempt)).collect::<Vec<_>>());
        lost.equal_lists("the lost jobs")?;
        sorted
            .map(|reply| reply.unknown.into_iter().map(without_call).collect::<Vec<_>>())
            .equal_lists("the unknown jobs")?;
        let all: Vec<usize> = (0..QUEUES).collect();
        self.renew(worker, &all);
        Ok(())
    }

    pub(super) async fn reclaim(&mut self, worker: usize, max: usize, again: bool) -> Result<(), Wrong> {
        self.beat_where_leases_differ(worker).await?;
        let id = self.workers[worker].clone();
        let request = |call, max, is_repeat| ReserveRequest {
            worker: &id,
            queues: &[],
            order: Priority::DESCENDING,
            max,
            lease: LEASE,
            call,
            is_repeat,
        };
        let mut first = None;
        let mut taken = Both { model: Vec::new(), real: Vec::new() };
        // Free: whose jobs come first. So all are taken, in several calls.
        loop {
            let call = self.call();
            let of_call = self.pair.both(async |store| store.reclaim(&request(call, max, false)).await).await?;
            self.renew(worker, &[]);
            of_call.clone().map(|jobs| jobs.len()).equal("the number of jobs reclaimed")?;
            if of_call.model.is_empty() {
                break;
            }
            first.get_or_insert_with(|| (call, of_call.clone()));
            taken.model.extend(of_call.model);
            taken.real.extend(of_call.real);
        }
        taken.model.sort_by_key(|job| job.reservation.job);
        taken.real.sort_by_key(|job| job.reservation.job);
        let without_calls = |jobs: Vec<ReservedJob>| jobs.into_iter().map(without_call).collect::<Vec<_>>();
        taken.clone().map(without_calls).equal_lists("the reclaimed jobs")?;
        self.hold(worker, taken);
        if again && let Some((call, first)) = first {
            let sorted = |mut jobs: Vec<ReservedJob>| {
                jobs.sort_by_key(|job| job.reservation.job);
                jobs
            };
            let repeated = self.pair.both(async |store| store.reclaim(&request(call, max, true)).await).await?;
            // Free: whether a repetition says again in whose hands the attempt was begun.
            let told = |jobs: Vec<ReservedJob>| {
                sorted(jobs).into_iter().map(|job| ReservedJob { lost: None, ..job }).collect::<Vec<_>>()
            };
            Both { model: told(first.model), real: told(repeated.model) }.equal_lists("what the model's call took")?;
            Both { model: told(first.real), real: told(repeated.real) }.equal_lists("what the store's call took")?;
        }
        Ok(())
    }

    /// Free: whether taking from one queue renews a worker's hold on what it has of another: its beat does, in any case.
    /// So a worker whose hold may have ended in one place only is heard of first.
    async fn beat_where_leases_differ(&mut self, reaper: usize) -> Result<(), Wrong> {
        let now = self.pair.now();
        let lives = |until: Option<&Timestamp>| until.is_some_and(|until| *until > now);
        for worker in (0..WORKERS).filter(|worker| *worker != reaper) {
            let of_queue = |queue| lives(self.leases.get(&(worker, Some(queue))));
            let held = self.held(worker);
            if lives(self.leases.get(&(worker, None))) && !(0..QUEUES).all(of_queue) && !held.is_empty() {
                self.beat_with(worker, &held).await?;
            }
        }
        Ok(())
    }
}

fn side_by_side(of: &[Both<Reservation>]) -> Both<Vec<Reservation>> {
    Both {
        model: of.iter().map(|both| both.model.clone()).collect(),
        real: of.iter().map(|both| both.real.clone()).collect(),
    }
}

/// Several calls reclaim, each some of the jobs, and which of them is free.
fn without_call(mut job: ReservedJob) -> ReservedJob {
    job.reservation.token.call = CallId(0);
    job
}

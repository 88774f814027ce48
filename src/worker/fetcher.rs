//! Reserves as many jobs as there are free slots, in one call, and sleeps when there is nothing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use journeyman_job::{Priority, QueueName};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::executor::Executor;
use super::options::Share;
use super::order::Orders;
use super::patience::Patience;
use super::quiet::Quiet;
use crate::chance;
use crate::queue::{CallId, ReserveRequest, Reserved, ReservedJob, StoreError, limits};
use crate::wake::Wakeups;

/// How soon at the latest a worker of all queues hears of a new one.
const LEARN_EVERY: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub(super) struct Fetcher {
    pub(super) executor: Arc<Executor>,
    pub(super) share: Share,
    pub(super) slots: Arc<Semaphore>,
    pub(super) running: TaskTracker,
    /// What of that runs in its own slots.
    pub(super) own: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) quiet: Quiet,
}

/// A call whose answer was lost: repeated under the same name, it hands out what it took.
struct Call {
    id: CallId,
    order: [Priority; 4],
    is_repeat: bool,
}

impl Call {
    fn fresh() -> Self {
        Self { id: chance::call_id(), order: Priority::DESCENDING, is_repeat: false }
    }
}

impl Fetcher {
    pub(super) async fn run(self) {
        let options = &self.executor.options;
        let store = &self.executor.surroundings.store;
        let share = &self.share;
        let wakeups = store.wakeups(if share.all_queues { &[] } else { &share.queues });
        let mut queues = share.queues.clone();
        let mut patience = Patience::new("reserve");
        let mut orders = Orders::new(options.ordering, Instant::now());
        let mut call = Call::fresh();
        let mut left = options.until.max_jobs.unwrap_or(u64::MAX);
        let mut learn_next = Instant::now();
        while left > 0 {
            if self.quiet.is_on() {
                // What a lost answer may have handed out is a stray from now on; the next beat gives it back.
                self.executor.held.call_ends(call.id, &[]);
                call = Call::fresh();
                if self.stop.run_until_cancelled(self.quiet.over()).await.is_none() {
                    break;
                }
            }
            let Some(slots) = self.free_slots(left).await else { break };
            if self.quiet.is_on() {
                continue;
            }
            let asked = slots.num_permits();
            // Also while there is plenty to do: what waits in a new queue may be more urgent.
            if share.all_queues && Instant::now() >= learn_next {
                self.learn_queues(&mut queues).await;
                learn_next = Instant::now() + LEARN_EVERY;
            }
            // What was waited for since then takes its time with a slow store.
            if self.stop.is_cancelled() {
                break;
            }
            // Looked at before the store is asked: a job that ends in between may come back as a retry.
            let was_idle = self.running.is_empty() && self.executor.held.is_empty();
            if !call.is_repeat {
                call.order = orders.next(Instant::now(), chance::roll);
            }
            self.executor.held.call_begins(call.id);
            let answer = self.reserve(&queues, asked, &call).await;
            match answer {
                Ok(reserved) => {
                    patience.succeeded();
                    left -= u64::try_from(reserved.jobs.len()).unwrap_or(left).min(left);
                    let got = reserved.jobs.len();
                    let next_due = reserved.next_due;
                    self.start(reserved.jobs, call.id, slots);
                    // A repeated call hands out what it took then; there may be more by now.
                    let is_drained = got < asked && !call.is_repeat;
                    call = Call::fresh();
                    let has_learnt = is_drained && share.all_queues && self.learn_queues(&mut queues).await;
                    if is_drained && !has_learnt {
                        if options.until.empty && was_idle && got == 0 {
                            self.stop.cancel();
                        }
                        if !self.rest(&wakeups, next_due).await {
                            break;
                        }
                    }
                }
                Err(error) => {
                    drop(slots);
                    let may_have_run = matches!(error, StoreError::Unknown(_));
                    if !may_have_run && !call.is_repeat {
                        self.executor.held.call_ends(call.id, &[]);
                        call = Call::fresh();
                    } else {
                        call.is_repeat = true;
                    }
                    if self.stop.run_until_cancelled(tokio::time::sleep(patience.failed(&error))).await.is_none() {
                        break;
                    }
                }
            }
        }
        // Whatever a lost answer may have handed out is a stray from now on; the last beat gives it back.
        self.executor.held.call_ends(call.id, &[]);
        if left == 0 {
            self.finish().await;
        }
    }

    /// Ends the worker once the last of the jobs that it was told to run is settled.
    async fn finish(&self) {
        let is_done = || self.running.is_empty() && self.executor.held.is_empty();
        while !is_done() && !self.stop.is_cancelled() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.stop.cancel();
    }

    /// Waits for a free slot and takes all there are, up to `left`; `None` once the worker stops.
    async fn free_slots(&self, left: u64) -> Option<OwnedSemaphorePermit> {
        let first = Arc::clone(&self.slots).acquire_owned();
        let mut slots = self.stop.run_until_cancelled(first).await?.ok()?;
        self.let_others_end().await;
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(limits::PER_CALL);
        let more = self.slots.available_permits().min(most - 1);
        if let Ok(more) = u32::try_from(more)
            && let Ok(others) = Arc::clone(&self.slots).try_acquire_many_owned(more)
        {
            slots.merge(others);
        }
        Some(slots)
    }

    /// Jobs that are about to end make room for a larger batch, and a call costs the store far more than a job in it. Half
    /// of the slots are enough: then the other half has work while the store is asked. Time is no part of this: whoever
    /// does not end while the others have their turn is not waited for.
    async fn let_others_end(&self) {
        let enough = (self.share.slots / 2).min(limits::PER_CALL);
        let mut free = 0;
        while self.slots.available_permits() + 1 > free && free < enough {
            free = self.slots.available_permits() + 1;
            tokio::task::yield_now().await;
        }
    }

    async fn reserve(&self, queues: &[QueueName], max: usize, call: &Call) -> Result<Reserved, StoreError> {
        let options = &self.executor.options;
        let request = ReserveRequest {
            worker: &options.id,
            queues,
            order: call.order,
            max,
            lease: options.lease,
            call: call.id,
            is_repeat: call.is_repeat,
        };
        self.executor.surroundings.store.reserve(&request).await
    }

    fn start(&self, jobs: Vec<ReservedJob>, call: CallId, mut slots: OwnedSemaphorePermit) {
        let revoked = self.executor.held.call_ends(call, &jobs);
        for (job, revoked) in jobs.into_iter().zip(revoked) {
            // A repeated call may hand out more than there are slots now; those few run beside.
            let slot = slots.split(1);
            let (executor, place) = (Arc::clone(&self.executor), self.own.token());
            self.running.spawn(async move {
                executor.run(job, revoked).await;
                drop((slot, place));
            });
        }
    }

    /// Sleeps until there may be work; `false` when the worker is to stop instead.
    async fn rest(&self, wakeups: &Wakeups, next_due: Option<Duration>) -> bool {
        let options = &self.executor.options;
        // With running jobs to wait for, look again soon; zero would spin.
        let longest = if options.until.empty { Duration::from_millis(20) } else { options.sleep };
        let nap = next_due.map_or(longest, |due| due.min(longest)).max(Duration::from_millis(1));
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = wakeups.next() => true,
            () = tokio::time::sleep(nap) => true,
        }
    }

    /// Adds queues that have come up since; tells whether there were any.
    async fn learn_queues(&self, known: &mut Vec<QueueName>) -> bool {
        let Ok(all) = self.executor.surroundings.store.queues().await else { return false };
        let seen: HashSet<&QueueName> = known.iter().chain(&self.share.apart).collect();
        let fresh: Vec<QueueName> = all.into_iter().filter(|queue| !seen.contains(queue)).collect();
        known.extend_from_slice(&fresh);
        !fresh.is_empty()
    }
}

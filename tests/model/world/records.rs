//! What becomes of records, and the time in which it does.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use journeyman::clock::Timestamp;
use journeyman::job::{JobId, Priority, QueueName};
use journeyman::queue::{Found, Retention, Retried, Retry, State};

use super::World;
use crate::model::look;
use crate::model::operations::Time;
use crate::model::pair::Wrong;

impl World {
    pub(super) fn pass(&self, time: Time) {
        let now = self.pair.now();
        let until = |moment: Option<Timestamp>, exactly: bool| {
            let wait = moment.map_or(Duration::ZERO, |moment| moment.since(now));
            if exactly { wait } else { wait.saturating_sub(Duration::from_micros(1)) }
        };
        let by = match time {
            Time::Seconds(seconds) => Duration::from_secs(seconds),
            Time::NextDue { exactly } => {
                let next = self.moments.due.iter().filter(|due| **due > now.as_micros()).min();
                until(next.map(|due| Timestamp::from_micros(*due)), exactly)
            }
            // One microsecond passes before the next operation.
            Time::Lease { exactly } => {
                until(self.leases.values().max().copied(), exactly).saturating_sub(Duration::from_micros(1))
            }
        };
        self.pair.clock.advance(by);
    }

    pub(super) async fn prune(&mut self, ttl: u64, max_records: u64, max: usize) -> Result<(), Wrong> {
        let before = look::here(self).await?;
        let max_records = self.clear_cut(max_records, &before);
        let retention = Retention { ttl: Duration::from_secs(ttl), max_records };
        // Free: which of them go first. So all do, in several calls.
        loop {
            let pruned = self.pair.same(async |store| store.prune(retention, max).await).await?;
            if pruned > max {
                return Err(format!("{pruned} records were pruned of at most {max}"));
            }
            if pruned == 0 {
                break;
            }
        }
        let after: HashSet<JobId> = look::here(self).await?.into_iter().map(|(job, ..)| job).collect();
        self.pruned.extend(before.into_iter().map(|(job, ..)| job).filter(|job| !after.contains(job)));
        Ok(())
    }

    /// Free: which of several jobs that ended in one moment ended last. So no cut goes between them.
    fn clear_cut(&self, wanted: u64, here: &[(JobId, QueueName, State)]) -> u64 {
        let mut lists: BTreeMap<(&QueueName, &str), Vec<Timestamp>> = BTreeMap::new();
        for (job, queue, state) in here.iter().filter(|(_, _, state)| state.is_ended()) {
            lists.entry((queue, state.as_str())).or_default().push(self.moments.ended[job]);
        }
        lists.values_mut().for_each(|ends| ends.sort_by_key(|end| std::cmp::Reverse(*end)));
        let is_clear = |cut: u64| {
            let cut = usize::try_from(cut).unwrap();
            lists.values().all(|ends| cut == 0 || ends.len() <= cut || ends[cut - 1] != ends[cut])
        };
        (wanted..).find(|cut| is_clear(*cut)).unwrap()
    }

    pub(super) async fn retry(&mut self, number: usize) -> Result<(), Wrong> {
        let job = self.any_job(number);
        let trail = match self.pair.model.find(job).await.map_err(|error| error.to_string())? {
            Found::Here(record) => record.trail.retried().encode(),
            Found::Expired | Found::Nothing => Bytes::new(),
        };
        let retry = Retry { job, trail };
        if self.pair.same(async |store| store.retry(&retry).await).await? == Retried::Done {
            self.lines.arrived.remove(&job);
        }
        Ok(())
    }

    pub(super) async fn purge(&self, queue: usize, priority: Option<usize>, max: usize) -> Result<(), Wrong> {
        let priority = priority.map(|priority| Priority::DESCENDING[priority]);
        // Free: which of them go first. So all do, in several calls.
        while self.pair.same(async |store| store.purge(&self.queues[queue], priority, max).await).await? == max {}
        Ok(())
    }
}

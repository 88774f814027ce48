//! Pushing.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use journeyman::clock::Timestamp;
use journeyman::job::{JobId, Priority};
use journeyman::queue::{Envelope, NewJob, PushOutcome, UniqueKey, Unit};

use super::World;
use crate::model::look;
use crate::model::operations::{Id, Wanted, When};
use crate::model::pair::Wrong;

impl World {
    pub(super) async fn push(&mut self, wanted: &[Wanted], whole: bool) -> Result<(), Wrong> {
        let mut jobs: Vec<NewJob> = wanted.iter().map(|wanted| self.job(wanted, true)).collect();
        // Free: whether a job that is not stored, because its key is taken, stands in the way of another one that bears
        // its id in the same push. So no such pair has keys.
        let envelopes: Vec<Envelope> = jobs.iter().map(|job| job.envelope.clone()).collect();
        let clashes = |one: &Envelope| envelopes.iter().any(|other| other.id == one.id && other != one);
        jobs.iter_mut().filter(|job| clashes(&job.envelope)).for_each(|job| job.unique = None);
        let here: HashSet<JobId> = look::here(self).await?.into_iter().map(|(job, ..)| job).collect();
        // Free: when an id is free after its job is gone, if a push that was withheld named it too: a store may take an
        // hour to be sure that nothing is on its way.
        jobs.retain(|job| here.contains(&job.id()) || !self.named_in_vain.contains(&job.id()));
        if jobs.is_empty() {
            return Ok(());
        }
        let unit = if whole { Unit::Whole } else { Unit::Queue };
        let outcomes = self.pair.same(async |store| store.push(&jobs, unit).await).await?;
        if whole && outcomes.contains(&PushOutcome::Conflict) {
            let named = jobs.iter().filter(|job| job.is_named).map(NewJob::id);
            self.named_in_vain.extend(named.filter(|job| here.contains(job)));
        }
        for (job, outcome) in jobs.into_iter().zip(outcomes) {
            if matches!(outcome, PushOutcome::Stored { .. }) {
                self.pruned.remove(&job.id());
            }
            self.know(job);
        }
        Ok(())
    }

    pub(super) fn know(&mut self, job: NewJob) {
        if self.jobs.iter().all(|known| known.id() != job.id()) {
            self.jobs.push(job);
        }
    }

    pub(super) fn job(&mut self, wanted: &Wanted, may_be_named: bool) -> NewJob {
        let (id, is_named) = match wanted.id {
            Id::Again { job, changed } if !self.jobs.is_empty() => {
                let mut again = self.jobs[job % self.jobs.len()].clone();
                if !again.is_named || may_be_named {
                    if changed {
                        again.envelope.body = Bytes::from_static(br#"{"type":"other","data":{},"v":1}"#);
                    }
                    return again;
                }
                (self.fresh_id(wanted.queue), false)
            }
            Id::Named(name) if may_be_named => (self.name(name), true),
            Id::Named(_) | Id::Again { .. } | Id::Fresh => (self.fresh_id(wanted.queue), false),
        };
        let envelope = Envelope {
            id,
            queue: self.queues[wanted.queue].clone(),
            priority: Priority::DESCENDING[wanted.priority],
            body: format!(r#"{{"type":"noop","data":{{"id":"{id}"}},"v":1}}"#).into(),
        };
        let unique = wanted.key.map(|key| UniqueKey::stored(&format!("k{key:032}")));
        NewJob { envelope, when: self.when(wanted.when), unique, is_named }
    }

    /// An id that says nothing of its queue, nor of its time.
    fn name(&self, number: usize) -> JobId {
        let mut bytes = *self.root.derived(&format!("name {number}"), &self.queues[0]).as_bytes();
        bytes[6] = 0x40 | bytes[6] & 0x0f;
        bytes[15] ^= 0x55;
        JobId::from_slice(&bytes).unwrap()
    }

    fn when(&mut self, when: When) -> journeyman::job::When {
        match when {
            When::Now => journeyman::job::When::Now,
            When::After(0) => journeyman::job::When::After(Duration::ZERO),
            When::After(seconds) => journeyman::job::When::After(self.delay(seconds)),
            When::At(seconds) if seconds > 0 => {
                let due = self.pair.now().plus(self.delay(seconds.unsigned_abs()));
                journeyman::job::When::At(datetime(due))
            }
            When::At(seconds) => {
                let due = self.pair.now().minus(Duration::from_secs(seconds.unsigned_abs()));
                journeyman::job::When::At(datetime(due))
            }
        }
    }

    /// Free: the order of jobs that are due in one microsecond. So none are.
    pub(super) fn delay(&mut self, seconds: u64) -> Duration {
        if seconds == 0 {
            return Duration::ZERO;
        }
        let mut delay = Duration::from_secs(seconds);
        while !self.moments.due.insert(self.pair.now().plus(delay).as_micros()) {
            delay += Duration::from_micros(1);
        }
        delay
    }
}

fn datetime(time: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.as_micros()).unwrap()
}

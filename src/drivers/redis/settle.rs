//! Ending attempts, and storing what follows from them.

use std::collections::BTreeMap;

use bytes::Bytes;
use fred::types::Value;
use journeyman_job::QueueName;

use super::driver::{count, letters};
use super::outbox::Entrusted;
use super::packed::Ending;
use super::push::has_twice;
use super::together::midway;
use super::{RedisStore, packed, scripts};
use crate::queue::limits::PER_CALL;
use crate::queue::{Settle, Settled, Settlement, StoreError, WorkerId};

impl RedisStore {
    pub(super) async fn settle_all(&self, batch: &[Settle]) -> Result<Vec<Settled>, StoreError> {
        let mut outcomes = vec![Settled::Stale; batch.len()];
        let mut groups: BTreeMap<(&QueueName, &WorkerId), Vec<usize>> = BTreeMap::new();
        for (place, item) in batch.iter().enumerate() {
            groups.entry((&item.reservation.queue, &item.reservation.worker)).or_default().push(place);
        }
        let mut failure = None;
        'all: for ((queue, worker), places) in groups {
            for places in places.chunks(PER_CALL) {
                let part: Vec<&Settle> = places.iter().map(|&place| &batch[place]).collect();
                match self.settle_on(queue, worker, &part).await {
                    Ok(answers) => places.iter().zip(answers).for_each(|(&place, outcome)| outcomes[place] = outcome),
                    Err(error) => {
                        failure = Some(midway(error, outcomes.contains(&Settled::Done)));
                        break 'all;
                    }
                }
            }
        }
        let done = batch.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == Settled::Done);
        let follow = |item: &Settle| {
            let home = item.reservation.queue.clone();
            item.then.iter().map(move |job| Entrusted { home: home.clone(), job: job.clone() }).collect::<Vec<_>>()
        };
        let entrusted: Vec<Entrusted> = done.flat_map(|(item, _)| follow(item)).collect();
        if !entrusted.is_empty() {
            self.deliver(entrusted).await;
        }
        failure.map_or(Ok(outcomes), Err)
    }

    async fn settle_on(
        &self,
        queue: &QueueName,
        worker: &WorkerId,
        batch: &[&Settle],
    ) -> Result<Vec<Settled>, StoreError> {
        let mut keys = Vec::from(self.keys.all_pending(queue));
        keys.extend([self.keys.delayed(queue), self.keys.state(queue), self.keys.stats(queue)]);
        keys.extend([self.keys.completed(queue), self.keys.cancelled(queue), self.keys.failed(queue)]);
        keys.extend([self.keys.reserved(queue, worker), self.keys.jobs(queue), self.keys.unique(queue)]);
        if batch.iter().any(|item| !item.then.is_empty()) {
            keys.push(self.keys.outbox(queue));
        }
        let groups = groups(batch);
        let mut args = vec![self.now(), queue.as_str().into(), self.keys.wake_channel().into()];
        args.push(count(args.len() + 1 + 2 * groups.len() + 2 * batch.len()));
        for Group { ending, places } in &groups {
            args.extend([Value::from(ending.to_string()), count(places.len())]);
            args.extend(places.iter().map(|&place| Value::from(id(batch[place]))));
            args.extend(places.iter().map(|&place| Value::from(batch[place].trail.clone())));
        }
        let order: Vec<usize> = groups.into_iter().flat_map(|group| group.places).collect();
        for (number, &place) in order.iter().enumerate() {
            for job in &batch[place].then {
                args.extend([count(number + 1), packed::field(b'f', job.id()).into(), packed::letter(job).into()]);
            }
        }
        let mut reply = self.connection.run(&scripts::SETTLE, keys, args).await?;
        let told = letters(&mut reply, batch.len(), |letter| match letter {
            b'd' => Some(Settled::Done),
            b'r' => Some(Settled::Repeated),
            b's' => Some(Settled::Stale),
            _ => None,
        })?;
        let mut outcomes = vec![Settled::Stale; batch.len()];
        order.into_iter().zip(told).for_each(|(place, outcome)| outcomes[place] = outcome);
        Ok(outcomes)
    }
}

/// Jobs of a batch that end in the same way.
#[derive(Debug, PartialEq)]
struct Group {
    ending: Ending,
    places: Vec<usize>,
}

/// So many groups are looked through for one that a completed job can join.
const NEAR: usize = 8;

/// What the scripts are told once for many jobs. The order of the batch is that of the jobs when they wait again; for
/// completed ones it means nothing, and those of a few calls end all mixed up.
fn groups(batch: &[&Settle]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // Of a job that is there twice the first one counts, so that must stay the first.
    let may_move = !has_twice(batch.iter().map(|item| item.reservation.job));
    for (place, item) in batch.iter().enumerate() {
        let ending = packed::ending(item);
        let near = if item.settlement == Settlement::Complete && may_move { NEAR } else { 1 };
        match groups.iter_mut().rev().take(near).find(|group| group.ending == ending) {
            Some(group) => group.places.push(place),
            None => groups.push(Group { ending, places: vec![place] }),
        }
    }
    groups
}

fn id(item: &Settle) -> Bytes {
    Bytes::copy_from_slice(item.reservation.job.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{CallId, Reservation, Token};
    use journeyman_job::{JobId, Priority};
    use std::time::Duration;

    fn settle_of(job: JobId, call: CallId, settlement: Settlement) -> Settle {
        let reservation = Reservation {
            job,
            queue: QueueName::default(),
            priority: Priority::Normal,
            worker: WorkerId::new("w").unwrap(),
            token: Token { attempt: 1, call },
        };
        Settle { reservation, settlement, trail: Bytes::new(), counted: None, then: Vec::new() }
    }

    fn groups_of(batch: &[Settle]) -> Vec<Vec<usize>> {
        groups(&batch.iter().collect::<Vec<_>>()).into_iter().map(|group| group.places).collect()
    }

    /// Each of another job.
    fn places(batch: &[(u64, Settlement)]) -> Vec<Vec<usize>> {
        let settle = |(call, settlement): &(u64, Settlement)| {
            settle_of(JobId::generate(&QueueName::default()), CallId(*call), settlement.clone())
        };
        groups_of(&batch.iter().map(settle).collect::<Vec<_>>())
    }

    #[test]
    fn completed_jobs_of_one_call_are_one_group_however_they_are_mixed() {
        let complete = |call| (call, Settlement::Complete);
        assert_eq!(places(&[complete(1), complete(2), complete(1), complete(2)]), [[0, 2], [1, 3]]);
    }

    #[test]
    fn a_job_that_is_there_twice_ends_as_its_first_settlement_says() {
        let (queue, call) = (QueueName::default(), CallId(1));
        let (one, other) = (JobId::generate(&queue), JobId::generate(&queue));
        let release = Settlement::Release { delay: Duration::ZERO };
        let batch = [(one, Settlement::Complete), (other, release), (other, Settlement::Complete)];
        let batch: Vec<Settle> = batch.into_iter().map(|(job, settlement)| settle_of(job, call, settlement)).collect();
        assert_eq!(groups_of(&batch), [[0], [1], [2]]);
    }

    #[test]
    fn r12_jobs_that_wait_again_keep_their_order() {
        let requeue = |call| (call, Settlement::Requeue);
        assert_eq!(places(&[requeue(1), requeue(1), requeue(2), requeue(1)]), [vec![0, 1], vec![2], vec![3]]);
        let release = |seconds| (1, Settlement::Release { delay: Duration::from_secs(seconds) });
        assert_eq!(places(&[release(1), release(2), release(2)]), [vec![0], vec![1, 2]]);
    }
}

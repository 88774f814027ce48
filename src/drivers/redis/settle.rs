//! Ending attempts, and storing what follows from them.

use std::collections::BTreeMap;

use fred::types::Value;
use journeyman_job::QueueName;

use super::driver::{count, letters};
use super::outbox::Entrusted;
use super::together::midway;
use super::{RedisStore, packed, scripts};
use crate::queue::limits::PER_CALL;
use crate::queue::{Settle, Settled, StoreError, WorkerId};

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
        let channel = self.keys.wake_channel();
        let mut args = vec![self.now(), queue.as_str().into(), channel.into(), worker.as_str().into()];
        args.push(count(args.len() + 1 + 2 * batch.len()));
        for item in batch {
            args.extend([Value::from(packed::settle(item)), item.trail.clone().into()]);
        }
        for (place, item) in batch.iter().enumerate() {
            for job in &item.then {
                args.extend([count(place + 1), packed::field(b'f', job.id()).into(), packed::letter(job).into()]);
            }
        }
        let mut reply = self.connection.run(&scripts::SETTLE, keys, args).await?;
        letters(&mut reply, batch.len(), |letter| match letter {
            b'd' => Some(Settled::Done),
            b'r' => Some(Settled::Repeated),
            b's' => Some(Settled::Stale),
            _ => None,
        })
    }
}

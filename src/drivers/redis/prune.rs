//! Letting go of the records of ended jobs.

use fred::types::Value;
use journeyman_job::{JobId, QueueName};
use tracing::warn;

use super::driver::count;
use super::records::ClaimNumber;
use super::rota::LONG_TURNS;
use super::together::{Joined, each, midway};
use super::wire::Reply;
use super::{RedisStore, scripts};
use crate::clock::micros;
use crate::queue::limits::PER_CALL;
use crate::queue::{Retention, StoreError};

/// How old records may get, microseconds (-1: however old), per list of [`RedisStore::ended_lists`].
type Ages = [i64; 3];

impl RedisStore {
    /// A look at every queue, all at the same time, then a call where there is something to remove.
    pub(super) async fn prune_everywhere(&self, retention: Retention, max: usize) -> Result<usize, StoreError> {
        let ttl = micros(retention.ttl);
        // Without retention completed and cancelled jobs go at once, and failed ones stay as long as there is room.
        let ages = [ttl, if ttl == 0 { -1 } else { ttl }, ttl];
        let keep = i64::try_from(retention.max_records).unwrap_or(i64::MAX);
        let queues = self.all_queues().await?;
        let looks = each(self.rotas.prune.pick(&queues, LONG_TURNS).queues, async |queue| {
            let lists = self.aged_lists(queue, ages, keep).await?;
            self.rotas.prune.found(queue, lists.is_empty());
            Ok(lists)
        });
        let Joined { done, mut failure } = looks.await.unless_all_failed()?;
        let mut pruned = 0;
        for (queue, lists) in done {
            for list in lists {
                let key = self.ended_lists(queue)[list].clone();
                while pruned < max {
                    let limit = (max - pruned).min(PER_CALL);
                    match self.prune_list(queue, key.clone(), ages[list], keep, limit).await {
                        Ok(of_call) => {
                            pruned += of_call;
                            if of_call < limit {
                                break;
                            }
                        }
                        Err(error) => {
                            warn!(%queue, %error, "old records are left to the next pruning");
                            failure = failure.or(Some(error).filter(StoreError::is_passing));
                            break;
                        }
                    }
                }
            }
        }
        failure.map_or(Ok(pruned), |error| Err(midway(error, pruned > 0)))
    }

    fn ended_lists(&self, queue: &QueueName) -> [String; 3] {
        [self.keys.completed(queue), self.keys.failed(queue), self.keys.cancelled(queue)]
    }

    /// Which lists of a queue have records that may go.
    async fn aged_lists(&self, queue: &QueueName, ages: Ages, keep: i64) -> Result<Vec<usize>, StoreError> {
        let mut keys = Vec::from(self.ended_lists(queue));
        keys.push(self.keys.state(queue));
        let mut args = vec![self.now(), keep.into()];
        args.extend(ages.map(Value::from));
        let mut reply = self.connection.run(&scripts::AGED, keys, args).await?;
        let mut lists = Vec::new();
        while !reply.is_empty() {
            lists.extend(
                usize::try_from(reply.count()?).ok().and_then(|number| number.checked_sub(1)).filter(|&list| list < 3),
            );
        }
        Ok(lists)
    }

    /// Removes from one list what is too old or too many.
    async fn prune_list(
        &self,
        queue: &QueueName,
        list: String,
        age: i64,
        keep: i64,
        max: usize,
    ) -> Result<usize, StoreError> {
        let keys =
            vec![list, self.keys.jobs(queue), self.keys.state(queue), self.keys.stats(queue), self.keys.outbox(queue)];
        let args: Vec<Value> = vec![self.now(), age.into(), keep.into(), count(max)];
        let mut reply = self.connection.run(&scripts::PRUNE, keys, args).await?;
        let pruned = reply.count()?;
        self.release_all(queue, released(reply)?).await;
        Ok(usize::try_from(pruned).unwrap_or(max))
    }
}

/// The claims that a script has noted for release: the rest of its answer.
pub(super) fn released(mut reply: Reply) -> Result<Vec<(JobId, ClaimNumber)>, StoreError> {
    let mut claims = Vec::new();
    while !reply.is_empty() {
        claims.push((reply.id()?, ClaimNumber::read(&reply.bytes()?)?));
    }
    Ok(claims)
}

//! Calls on several queues.

use futures::future::{join_all, try_join_all};
use journeyman_job::QueueName;
use tracing::warn;

use crate::queue::StoreError;

/// Calls under way at the same time: far below what the client lets wait, however many queues there are.
const AT_ONCE: usize = 256;

/// Makes all calls, many at the same time; their results in order, or the first error.
pub async fn together<T, F>(calls: impl IntoIterator<Item = F>) -> Result<Vec<T>, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut calls: Vec<F> = calls.into_iter().collect();
    let mut results = Vec::with_capacity(calls.len());
    while !calls.is_empty() {
        let now = calls.drain(..AT_ONCE.min(calls.len()));
        results.extend(try_join_all(now).await?);
    }
    Ok(results)
}

/// What came of calls on queues that do not depend on each other.
pub struct Joined<'a, T> {
    pub done: Vec<(&'a QueueName, T)>,
    /// The first error that may pass, if there was one. What a queue refuses is logged and concerns it alone.
    pub failure: Option<StoreError>,
}

/// Makes a call on each queue, many at the same time. One that fails does not keep the others from theirs, but when many
/// fail together, no more are made: the store is away.
pub async fn each<'a, T, F>(
    queues: impl IntoIterator<Item = &'a QueueName>,
    call: impl Fn(&'a QueueName) -> F,
) -> Joined<'a, T>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let queues: Vec<&QueueName> = queues.into_iter().collect();
    let (mut done, mut failure) = (Vec::with_capacity(queues.len()), None);
    for now in queues.chunks(AT_ONCE) {
        let before = done.len();
        for (queue, result) in now.iter().zip(join_all(now.iter().map(|queue| call(queue))).await) {
            match result {
                Ok(result) => done.push((*queue, result)),
                Err(error) if error.is_passing() => failure = failure.or(Some(error)),
                Err(error) => warn!(%queue, %error, "a queue is passed over"),
            }
        }
        if done.len() == before && failure.is_some() {
            break;
        }
    }
    Joined { done, failure }
}

impl<T> Joined<'_, T> {
    /// Nothing, if nothing came of any call because of an error.
    pub fn unless_all_failed(self) -> Result<Self, StoreError> {
        match self.failure {
            Some(error) if self.done.is_empty() => Err(error),
            _ => Ok(self),
        }
    }
}

/// What an error means once an earlier call of the same batch has changed something: no longer that nothing was done.
pub fn midway(error: StoreError, changed: bool) -> StoreError {
    match error {
        StoreError::Unknown(text) => StoreError::Unknown(text),
        other if changed => StoreError::Unknown(format!("it was done in part: {other}")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_come_in_order_however_many() {
        let results = together((0..1000).map(|number| async move { Ok(number) })).await;
        assert_eq!(results, Ok((0..1000).collect()));
    }

    #[tokio::test]
    async fn a_queue_that_fails_is_left_out() {
        let queues: Vec<QueueName> = ["a", "b", "c"].iter().map(|name| QueueName::new(name).unwrap()).collect();
        let away = StoreError::Unavailable("away".into());
        let Joined { done, failure } = each(&queues, |queue| {
            let away = away.clone();
            async move {
                match queue.as_str() {
                    "a" => Err(StoreError::Refused("odd".into())),
                    "b" => Err(away),
                    _ => Ok(1),
                }
            }
        })
        .await;
        assert_eq!((done, failure), (vec![(&queues[2], 1)], Some(away)));
    }

    #[test]
    fn a_batch_done_in_part_is_not_called_undone() {
        let full = StoreError::Full("x".into());
        assert_eq!(midway(full.clone(), false), full);
        assert!(matches!(midway(full, true), StoreError::Unknown(_)));
    }
}

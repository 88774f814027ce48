//! Calls on several queues.

use futures::future::try_join_all;

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

    #[test]
    fn a_batch_done_in_part_is_not_called_undone() {
        let full = StoreError::Full("x".into());
        assert_eq!(midway(full.clone(), false), full);
        assert!(matches!(midway(full, true), StoreError::Unknown(_)));
    }
}

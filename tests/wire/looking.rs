//! The rows of what only looks: the answer is right, and nothing has changed.

use journeyman::queue::{Found, Listing, State};

use super::cell::Cell;

pub async fn find(cell: &Cell<'_>) {
    let id = cell.put_one().await;
    let told = cell.insist(async |_| cell.faulty().find(id).await).await;
    assert_eq!(told.answer, Found::Here(Box::new(cell.record(id).await)), "{cell:?}");
    is_untouched(cell).await;
}

pub async fn queues(cell: &Cell<'_>) {
    cell.put_one().await;
    let told = cell.insist(async |_| cell.faulty().queues().await).await;
    assert!(told.answer.contains(&cell.queue), "{cell:?}");
    is_untouched(cell).await;
}

pub async fn stats(cell: &Cell<'_>) {
    cell.put_one().await;
    let names = [cell.queue.clone()];
    let told = cell.insist(async |_| cell.faulty().stats(&names).await).await;
    assert_eq!(told.answer, cell.clean().stats(&names).await.unwrap(), "{cell:?}");
    is_untouched(cell).await;
}

pub async fn list(cell: &Cell<'_>) {
    let id = cell.put_one().await;
    let listing = Listing { queue: cell.queue.clone(), state: State::Pending, after: None, max: 10 };
    let told = cell.insist(async |_| cell.faulty().list(&listing).await).await;
    assert_eq!(told.answer.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [id], "{cell:?}");
    is_untouched(cell).await;
}

pub async fn control(cell: &Cell<'_>) {
    cell.put_one().await;
    cell.clean().pause(&cell.queue).await.unwrap();
    let told = cell.insist(async |_| cell.faulty().control().await).await;
    assert!(told.answer.paused.contains(&cell.queue), "{cell:?}");
    cell.clean().resume(&cell.queue).await.unwrap();
    is_untouched(cell).await;
}

async fn is_untouched(cell: &Cell<'_>) {
    cell.counts(|stats| (stats.pending[1], stats.counters.enqueued) = (1, 1)).await;
}

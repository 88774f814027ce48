//! Listings of long lists that change all the while.

use journeyman::drivers::redis::RedisStore;
use journeyman::job::{JobId, Priority};
use journeyman::queue::{Cancelled, Cursor, Driver, Forgotten, Listing, NewJob, Operator, Settlement, State, Unit};

use super::server::Server;
use super::{complete, job, open, push, queue, reserve};

async fn page(store: &RedisStore, state: State, after: Option<Cursor>, max: usize) -> (Vec<JobId>, Option<Cursor>) {
    let page = store.list(&Listing { queue: queue(), state, after, max }).await.unwrap();
    (page.jobs.iter().map(|job| job.id).collect(), page.next)
}

/// R51: more jobs are taken between two pages than a cursor names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r51_pages_go_on_where_they_were_however_much_is_taken() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let ids = push(&store, 60).await;
    let (first, next) = page(&store, State::Pending, None, 10).await;
    assert_eq!(first, ids[..10]);
    // Some of what was listed, and of what comes next.
    for (taken, expected) in [(5, 10), (8, 13), (30, 43)] {
        reserve(&store, taken).await.unwrap();
        assert_eq!(page(&store, State::Pending, next.clone(), 3).await.0, ids[expected..expected + 3]);
    }
}

/// R51: an operator works through the list, page by page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r51_pages_hold_while_each_is_cancelled() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let jobs: Vec<NewJob> = (0..40)
        .map(|n| {
            let mut job = job();
            job.envelope.priority = [Priority::Low, Priority::Critical][n % 2];
            job
        })
        .collect();
    store.push(&jobs, Unit::Queue).await.unwrap();
    let of = |low| jobs.iter().filter(move |job| (job.envelope.priority == Priority::Low) == low).map(NewJob::id);
    let expected: Vec<JobId> = of(false).chain(of(true)).collect();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let (ids, next) = page(&store, State::Pending, after, 7).await;
        for (place, id) in ids.iter().enumerate().filter(|(place, _)| place % 2 == 0) {
            assert_eq!(store.cancel(*id).await.unwrap(), Cancelled::Done, "{place}");
        }
        listed.extend(ids);
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, expected);
}

/// R51: a job that has moved is no sign of where the page was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r51_a_job_that_went_to_the_back_takes_no_page_along() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let ids = push(&store, 12).await;
    let (first, next) = page(&store, State::Pending, None, 4).await;
    assert_eq!(first, ids[..4]);
    let taken = reserve(&store, 6).await.unwrap();
    let release = Settlement::Release { delay: std::time::Duration::ZERO };
    super::settle(&store, &taken, &release).await.unwrap();
    let (second, _) = page(&store, State::Pending, next, 20).await;
    assert_eq!(second[..6], ids[6..]);
}

/// R29: so many end in one moment that no cursor names them all, and records are forgotten on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r29_pages_of_ended_jobs_hold_while_records_are_forgotten() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let ids = push(&store, 50).await;
    let taken = reserve(&store, 50).await.unwrap();
    complete(&store, &taken).await.unwrap();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let (ids, next) = page(&store, State::Completed, after, 8).await;
        for id in ids.iter().rev().take(6) {
            assert_eq!(store.forget(*id).await.unwrap(), Forgotten::Done);
        }
        let more = push(&store, 1).await;
        let taken = reserve(&store, 1).await.unwrap();
        assert_eq!(taken[0].reservation.job, more[0]);
        complete(&store, &taken).await.unwrap();
        listed.extend(ids);
        after = next;
        if after.is_none() {
            break;
        }
    }
    listed.sort_unstable();
    assert_eq!(listed, ids);
}

/// R40: a purge of one priority gets past the delayed jobs of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r40_a_purge_of_one_priority_finds_it_among_many_delayed() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let jobs: Vec<NewJob> = (0..1_400u64)
        .map(|n| {
            let mut job = job();
            job.when = journeyman::job::When::After(std::time::Duration::from_secs(60 + n));
            job.envelope.priority = if n % 7 == 6 { Priority::Low } else { Priority::High };
            job
        })
        .collect();
    for part in jobs.chunks(700) {
        store.push(part, Unit::Queue).await.unwrap();
    }
    assert_eq!(store.purge(&queue(), Some(Priority::Low), 150).await.unwrap(), 150);
    assert_eq!(store.purge(&queue(), Some(Priority::Low), 150).await.unwrap(), 50);
    assert_eq!(store.purge(&queue(), None, 10_000).await.unwrap(), 1_200);
}

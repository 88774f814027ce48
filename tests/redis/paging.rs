//! Listings of long lists that change all the while.

use journeyman::drivers::redis::RedisStore;
use journeyman::job::{JobId, Priority};
use journeyman::queue::{
    Cancelled, Cursor, Driver, Forgotten, Inspector, Listing, NewJob, Operator, Retried, Retry, Settlement, State, Unit,
};

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

/// R21, R51: a job cancelled deep in a long list is gone from every number, listing and reserve, and can be put back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r21_a_job_cancelled_deep_in_a_long_queue_never_runs() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.extend(push(&store, 900).await);
    }
    let pending = async || store.stats(&[queue()]).await.unwrap()[0].pending[1];
    // Near the ends and far from them; one of these twice, with a retry in between, and one put back for good.
    for place in [0, 5_399, 2_500, 2_501, 2_502, 2_503] {
        assert_eq!(store.cancel(ids[place]).await.unwrap(), Cancelled::Done, "{place}");
    }
    assert!(matches!(store.cancel(ids[2_500]).await.unwrap(), Cancelled::Not(State::Cancelled)));
    let put_back = |place: usize| Retry { job: ids[place], trail: bytes::Bytes::from_static(b"{}") };
    for place in [2_502, 2_503] {
        assert_eq!(store.retry(&put_back(place)).await.unwrap(), Retried::Done);
    }
    assert_eq!(store.cancel(ids[2_503]).await.unwrap(), Cancelled::Done);
    assert_eq!(pending().await, 5_395);
    let mut expected: Vec<JobId> = ids
        .iter()
        .enumerate()
        .filter(|(place, _)| ![0, 5_399, 2_500, 2_501, 2_502, 2_503].contains(place))
        .map(|(_, id)| *id)
        .collect();
    expected.push(ids[2_502]);
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let (ids, next) = page(&store, State::Pending, after, 400).await;
        listed.extend(ids);
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert!(listed == expected, "{} {}", listed.len(), expected.len());
    let mut taken = Vec::new();
    while taken.len() < expected.len() {
        let some = reserve(&store, 500).await.unwrap();
        assert!(!some.is_empty());
        taken.extend(some.iter().map(|job| job.reservation.job));
    }
    assert!(taken == expected);
    assert!(reserve(&store, 500).await.unwrap().is_empty());
    assert_eq!(pending().await, 0);
    let left = ["EXISTS", "journeyman:queue:{default}:marks", "journeyman:queue:{default}:quarantine"];
    assert_eq!(server.ask(&left).lines().next(), Some(":0"));
}

/// R40: a purge counts jobs, not what was left of cancelled ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r40_a_purge_does_not_count_what_was_cancelled() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.extend(push(&store, 900).await);
    }
    for id in &ids[2_100..2_200] {
        store.cancel(*id).await.unwrap();
    }
    assert_eq!(store.purge(&queue(), None, 10_000).await.unwrap(), 4_400);
    assert_eq!(store.stats(&[queue()]).await.unwrap()[0].cancelled, 100);
    assert_eq!(server.ask(&["EXISTS", "journeyman:queue:{default}:marks"]).lines().next(), Some(":0"));
}

/// R51: a list may move far between two pages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r51_a_place_is_found_again_after_the_list_moved_far() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mut ids = Vec::new();
    for _ in 0..13 {
        ids.extend(push(&store, 1_000).await);
    }
    let mut after = None;
    for _ in 0..25 {
        after = page(&store, State::Pending, after, 500).await.1;
    }
    for _ in 0..16 {
        reserve(&store, 500).await.unwrap();
    }
    let (listed, next) = page(&store, State::Pending, after, 400).await;
    assert!(listed == ids[12_500..12_900]);
    assert_eq!(page(&store, State::Pending, next, 400).await, (ids[12_900..].to_vec(), None));
}

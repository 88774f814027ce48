//! What stands in the store that none of our processes wrote, and queues that fail: each costs itself alone.

use journeyman::queue::{Beat, Retention};

use super::*;

const PENDING: &str = "journeyman:queue:{default}";
/// A job as it is stored, and the state of one that is held, without what says so at its beginning and end.
const JOB: &str = "00000000000000012body";
const STATE: &str = "2000001000000000000000a0000000000000000000000\
    000000000000000010000000000000001000000000000000";

fn number(server: &Server, words: &[&str]) -> usize {
    server.ask(words).lines().next().unwrap().trim_start_matches(':').parse().unwrap()
}

/// Values of a job and of its state that are not in the form that this build reads.
fn odd() -> Vec<(&'static str, Option<String>)> {
    let jobs = ["0000000000000001", "00000000000000019body", "x0000000000000012body", "0000000000000001a short"];
    let delayed = "0000000000000001B00000000000000010000000000000000999key";
    let mut odd: Vec<_> = jobs.into_iter().chain([delayed]).map(|job| (job, None)).collect();
    odd.push((JOB, Some(format!("p{STATE}1no line feed"))));
    odd.push((JOB, Some("p2".to_owned())));
    odd
}

/// Puts an odd job into a list where it is met first, under an id that names its place among them.
fn put(server: &Server, list: &str, place: usize, (job, state): &(&str, Option<String>)) {
    let id = format!("odd{place:013}");
    server.ask(&["HSET", &format!("{PENDING}:jobs"), &id, job]);
    if let Some(state) = state {
        server.ask(&["HSET", &format!("{PENDING}:state"), &id, state]);
    }
    server.ask(&["RPUSH", list, &id]);
}

async fn reclaim(store: &RedisStore, name: &str) -> Result<Vec<ReservedJob>, StoreError> {
    let worker = WorkerId::new(name).unwrap();
    let request = ReserveRequest {
        worker: &worker,
        queues: &[],
        order: Priority::DESCENDING,
        max: 100,
        lease: Duration::from_secs(30),
        call: chance::call_id(),
        is_repeat: false,
    };
    store.reclaim(&request).await
}

/// S10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_that_nobody_can_read_are_put_aside_and_the_jobs_beside_them_run() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let ids = push(&store, 3).await;
    let odd = odd();
    odd.iter().enumerate().for_each(|(place, odd)| put(&server, PENDING, place, odd));
    let taken = reserve(&store, 100).await.unwrap();
    assert_eq!(taken.iter().map(|job| job.reservation.job).collect::<Vec<_>>(), ids);
    assert_eq!(number(&server, &["LLEN", &format!("{PENDING}:quarantine")]), odd.len());

    // The same among the jobs of a worker: its beat goes on, and who takes them over gets those that are whole.
    let reserved = format!("{PENDING}:reserved:w");
    for (place, (job, state)) in odd.iter().enumerate() {
        let state = state.clone().unwrap_or(format!("p{STATE}1w\n")).replacen('p', "r", 1);
        put(&server, &reserved, 100 + place, &(job, Some(state)));
    }
    let (worker, lease) = (WorkerId::new("w").unwrap(), Duration::from_secs(30));
    let held: Vec<_> = taken.iter().map(|job| job.reservation.clone()).collect();
    let beat = store.extend(&Beat { worker: &worker, lease, held: &held[..1] }).await.unwrap();
    assert!(beat.lost.is_empty() && held[1..].iter().all(|one| beat.unknown.iter().any(|job| job.reservation == *one)));
    server.ask(&["ZADD", &format!("{PENDING}:leases"), "1", "w"]);
    let taken = reclaim(&store, "other").await.unwrap();
    let mut taken: Vec<JobId> = taken.iter().map(|job| job.reservation.job).collect();
    taken.sort();
    assert_eq!(taken, ids);
    assert_eq!(number(&server, &["LLEN", &format!("{PENDING}:quarantine")]), 2 * odd.len());
}

/// S10: a queue whose keys are none of ours is left out by every verb that goes over all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_fails_does_not_stop_the_others() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for key in ["delayed", "leases", "completed", "reserved:w"] {
        server.ask(&["SET", &format!("journeyman:queue:{{bad}}:{key}"), "by hand"]);
    }
    server.ask(&["SADD", "journeyman:queues", "bad"]);
    let later = NewJob { when: When::After(Duration::from_micros(1)), ..job() };
    push(&store, 2).await;
    store.push(&[later], Unit::Queue).await.unwrap();
    eventually("the delayed job is due", async || store.promote(9).await.unwrap() == 1).await;

    let worker = WorkerId::new("w").unwrap();
    let request = ReserveRequest {
        worker: &worker,
        queues: &[QueueName::new("bad").unwrap(), queue()],
        order: Priority::DESCENDING,
        max: 3,
        lease: Duration::from_secs(30),
        call: chance::call_id(),
        is_repeat: false,
    };
    let taken = store.reserve(&request).await.unwrap().jobs;
    assert_eq!(taken.len(), 3);
    assert_eq!(store.reserve(&ReserveRequest { is_repeat: true, ..request }).await.unwrap().jobs.len(), 3);
    let held: Vec<_> = taken.iter().map(|job| job.reservation.clone()).collect();
    let beat = Beat { worker: &worker, lease: request.lease, held: &held[..2] };
    assert_eq!(store.extend(&beat).await.unwrap().unknown.len(), 1);
    complete(&store, &taken[..1]).await.unwrap();
    assert_eq!(store.prune(Retention { ttl: Duration::ZERO, max_records: 9 }, 9).await.unwrap(), 1);
    server.ask(&["ZADD", &format!("{PENDING}:leases"), "1", "w"]);
    assert_eq!(reclaim(&store, "other").await.unwrap().len(), 2);
    store.retire(&worker).await.unwrap();
}

/// However large the jobs are, a call carries only so many of them, and tells that there are more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_takes_only_so_many_bytes() {
    const COUNT: usize = 30;
    let server = Server::start(&[]);
    let store = open(&server).await;
    for _ in 0..COUNT {
        store.push(&[job_of(1024 * 1024)], Unit::Queue).await.unwrap();
    }
    let mut done = 0;
    while done < COUNT {
        let wakeups = store.wakeups(&[queue()]);
        let taken = reserve(&store, 500).await.unwrap();
        assert!((1..=8).contains(&taken.len()), "{} after {done}", taken.len());
        tokio::time::timeout(TIMEOUT, wakeups.next()).await.expect("a hint");
        done += taken.len();
    }
    assert!(reserve(&store, 500).await.unwrap().is_empty());
}

/// R35: what was taken before a list that is none was met is under a lease, and in the worker's hands.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_a_wrong_type_keeps_nothing_that_was_taken_before_it() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    push(&store, 3).await;
    server.ask(&["SET", "journeyman:queue:{default}:low", "by hand"]);
    let taken = reserve(&store, 9).await.unwrap();
    assert_eq!(taken.len(), 3);
    assert!(server.ask(&["ZCARD", "journeyman:queue:{default}:leases"]).starts_with(":1"));
    assert_eq!(complete(&store, &taken).await.unwrap(), [Settled::Done; 3]);
    assert!(matches!(reserve(&store, 9).await, Err(StoreError::Refused(_))));
}

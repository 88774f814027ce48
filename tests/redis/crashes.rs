//! What a process that dies between two steps leaves behind, and that another one completes it.
//!
//! A key of a wrong type, put in the way of the second step, stops it as surely as a `kill -9` does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use journeyman::clock::Stopwatch;
use journeyman::drivers::redis::{RedisOptions, RedisStore, StoreTime};
use journeyman::job::{JobId, Priority, QueueName};
use journeyman::queue::{
    Driver, Envelope, Forgotten, Found, Inspector, NewJob, Operator, PushOutcome, ReservedJob, Settle, Settled,
    Settlement, State, StoreError, UniqueKey, Unit,
};

use super::server::Server;
use super::{TIMEOUT, complete, job, open, options, push, reserve, reserve_from, state};
use crate::support::eventually;

const STORED: PushOutcome = PushOutcome::Stored { delayed: false };
/// All of its bytes are the letter a, so that commands in words can name it.
const ID: &str = "61616161-6161-6161-6161-616161616161";
const CLAIM: &str = "journeyman:named:{61616161-6161-6161-6161-616161616161}";

fn queue(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

fn job_on(name: &str, body: impl Into<Bytes>) -> NewJob {
    let queue = queue(name);
    NewJob::new(
        Envelope { id: JobId::generate(&queue), queue, priority: Priority::Normal, body: body.into() },
        journeyman::job::When::Now,
    )
}

fn named(name: &str, body: &'static str) -> NewJob {
    let mut job = job_on(name, body);
    job.envelope.id = ID.parse().unwrap();
    job.is_named = true;
    job
}

async fn complete_then(store: &RedisStore, held: &ReservedJob, then: &[NewJob]) {
    let settle = Settle {
        reservation: held.reservation.clone(),
        settlement: Settlement::Complete,
        trail: Bytes::from_static(b"{}"),
        counted: None,
        then: then.to_vec(),
    };
    assert_eq!(store.settle(&[settle]).await.unwrap(), [Settled::Done]);
}

async fn held(store: &RedisStore) -> ReservedJob {
    push(store, 1).await;
    reserve(store, 1).await.unwrap().remove(0)
}

/// Lets no job into a queue.
fn block(server: &Server, name: &str) {
    server.ask(&["SET", &format!("journeyman:queue:{{{name}}}"), "in the way"]);
}

fn unblock(server: &Server, name: &str) {
    server.ask(&["DEL", &format!("journeyman:queue:{{{name}}}")]);
}

fn number(server: &Server, words: &[&str]) -> i64 {
    server.ask(words).lines().next().unwrap().trim_start_matches(':').parse().unwrap()
}

fn outbox(server: &Server) -> i64 {
    number(server, &["HLEN", "journeyman:queue:{default}:outbox"])
}

/// Makes the jobs in an outbox old enough for others than who wrote them.
fn age(server: &Server, home: &str) {
    const AGE: &str = "for i, value in ipairs(redis.call('HGETALL', KEYS[1])) do \
        if i % 2 == 1 then field = value elseif string.sub(field, 1, 1) == 'f' and #value > 16 then \
        redis.call('HSET', KEYS[1], field, '0000000000000001' .. string.sub(value, 17)) end end";
    let script = AGE.replace("for i,", "local field for i,");
    server.ask(&["EVAL", &script, "1", &format!("journeyman:queue:{{{home}}}:outbox")]);
}

async fn enqueued(store: &RedisStore, name: &str) -> u64 {
    store.stats(&[queue(name)]).await.unwrap()[0].counters.enqueued
}

/// R25: what follows from a job is not lost with the process that settled it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_followers_of_a_dead_worker_are_delivered_by_another_process() {
    let server = Server::start(&[]);
    let (one, other) = (open(&server).await, open(&server).await);
    let held = held(&one).await;
    let body: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    let followers = [job_on("callbacks", body), job_on("elsewhere", "x")];
    block(&server, "callbacks");
    block(&server, "elsewhere");
    complete_then(&one, &held, &followers).await;
    drop(one);
    assert_eq!(state(&other, held.reservation.job).await, Some(State::Completed));
    assert_eq!((outbox(&server), other.find(followers[0].id()).await.unwrap()), (2, Found::Nothing));
    // Whoever wrote them may be about to deliver them.
    other.promote(100).await.unwrap();
    assert_eq!(outbox(&server), 2);
    age(&server, "default");
    // One queue that takes no jobs does not keep another from its own.
    unblock(&server, "callbacks");
    other.promote(100).await.unwrap();
    assert_eq!(outbox(&server), 1);
    let taken = reserve_from(&other, "callbacks", 9).await.unwrap();
    assert!(taken.len() == 1 && taken[0].body == followers[0].envelope.body);
    unblock(&server, "elsewhere");
    other.promote(100).await.unwrap();
    assert_eq!((outbox(&server), reserve_from(&other, "elsewhere", 9).await.unwrap().len()), (0, 1));
}

/// R25, S2: a delivery that is repeated, however late, makes no second job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_a_follower_delivered_twice_is_one_job() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let held = held(&store).await;
    block(&server, "callbacks");
    complete_then(&store, &held, &[job_on("callbacks", "x")]).await;
    unblock(&server, "callbacks");
    age(&server, "default");
    let (outbox, copy) = ("journeyman:queue:{default}:outbox", "journeyman:queue:{default}:copy");
    for _ in 0..2 {
        server.ask(&["COPY", outbox, copy]);
        store.promote(100).await.unwrap();
        assert_eq!(enqueued(&store, "callbacks").await, 1);
        server.ask(&["RENAME", copy, outbox]);
    }
    let taken = reserve_from(&store, "callbacks", 9).await.unwrap();
    assert_eq!(complete(&store, &taken).await.unwrap(), [Settled::Done]);
    store.promote(100).await.unwrap();
    assert!(reserve_from(&store, "callbacks", 9).await.unwrap().is_empty());
    assert_eq!((self::outbox(&server), enqueued(&store, "callbacks").await), (0, 1));
}

/// R25: many processes at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_promoters_at_once_deliver_each_follower_once() {
    let server = Server::start(&[]);
    let (one, other) = (open(&server).await, open(&server).await);
    let held = held(&one).await;
    let followers: Vec<NewJob> = (0..60).map(|_| job_on("callbacks", "x")).collect();
    block(&server, "callbacks");
    complete_then(&one, &held, &followers).await;
    unblock(&server, "callbacks");
    age(&server, "default");
    let (first, second) = tokio::join!(one.promote(100), other.promote(100));
    assert_eq!((first.unwrap(), second.unwrap()), (0, 0));
    assert_eq!((outbox(&server), enqueued(&one, "callbacks").await), (0, 60));
    assert_eq!(reserve_from(&one, "callbacks", 100).await.unwrap().len(), 60);
}

/// S10: an entry that is none stands in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_entry_of_an_outbox_is_passed_over() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let held = held(&store).await;
    for entry in ["f", "faaaaaaaaaaaaaaaa", "x", "caaaaaaaaaaaaaaaa"] {
        server.ask(&["HSET", "journeyman:queue:{default}:outbox", entry, "nonsense"]);
    }
    block(&server, "callbacks");
    complete_then(&store, &held, &[job_on("callbacks", "x")]).await;
    unblock(&server, "callbacks");
    age(&server, "default");
    store.promote(100).await.unwrap();
    assert_eq!((outbox(&server), enqueued(&store, "callbacks").await), (4, 1));
}

/// R22: a bulk over several queues that was cut short is completed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r22_a_bulk_cut_short_is_completed_by_another_process() {
    let server = Server::start(&[]);
    let (one, other) = (open(&server).await, open(&server).await);
    let named = NewJob { is_named: true, ..job_on("b", "x") };
    let bulk = [job_on("a", "x"), named, job_on("c", "x"), job_on("a", "x")];
    block(&server, "b");
    let error = one.push(&bulk, Unit::Whole).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unknown(text) if text.contains("the bulk is stored")), "{error:?}");
    drop(one);
    unblock(&server, "b");
    age(&server, "a");
    other.promote(100).await.unwrap();
    for (name, count) in [("a", 2), ("b", 1), ("c", 1)] {
        assert_eq!(
            (enqueued(&other, name).await, reserve_from(&other, name, 9).await.unwrap().len()),
            (count, count as usize)
        );
    }
    assert_eq!(other.push(&bulk, Unit::Whole).await.unwrap(), [PushOutcome::Repeated; 4]);
    assert_eq!(number(&server, &["EXISTS", "journeyman:queue:{a}:outbox"]), 0);
    let claim = format!("journeyman:named:{{{}}}", bulk[1].id());
    assert_eq!(number(&server, &["PTTL", &claim]), -1, "the claim lasts");
}

/// R22, R36: a bulk for which there is no room is refused whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r36_a_full_server_refuses_a_bulk_over_several_queues_whole() {
    let server = Server::start(&["--maxmemory", "8mb"]);
    let store = open(&server).await;
    while store.push(&[job_on("a", vec![b'x'; 20_000])], Unit::Queue).await.is_ok() {}
    let bulk = [job_on("a", "x"), named("b", "x")];
    assert!(matches!(store.push(&bulk, Unit::Whole).await, Err(StoreError::Full(_))));
    assert_eq!(number(&server, &["EXISTS", "journeyman:queue:{a}:outbox", CLAIM]), 0);
    // What an operator needs then works all the same.
    store.pause(&queue("a")).await.unwrap();
    store.signal_restart().await.unwrap();
    let taken = reserve_from(&store, "a", 1).await.unwrap();
    assert!(taken.is_empty());
    store.resume(&queue("a")).await.unwrap();
    assert!(store.purge(&queue("a"), None, 1_000).await.unwrap() > 50);
    eventually("there is room again", async || store.push(&bulk, Unit::Whole).await.is_ok()).await;
}

/// R24: a push that failed gives the id back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_refused_push_leaves_no_claim() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    block(&server, "a");
    assert!(matches!(store.push(&[named("a", "x")], Unit::Queue).await, Err(StoreError::Refused(_))));
    assert_eq!(store.push(&[named("b", "y")], Unit::Queue).await.unwrap(), [STORED]);
    assert_eq!(number(&server, &["PTTL", CLAIM]), -1);
    assert_eq!(number(&server, &["EXISTS", "journeyman:queue:{b}:outbox"]), 0);
}

/// R24, R23: nor does one that stored nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_duplicate_leaves_no_claim() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let key = Some(UniqueKey::stored("key"));
    let first = NewJob { unique: key.clone(), ..job() };
    store.push(std::slice::from_ref(&first), Unit::Queue).await.unwrap();
    let second = NewJob { unique: key, ..named("default", "x") };
    assert_eq!(store.push(&[second], Unit::Queue).await.unwrap(), [PushOutcome::Duplicate(first.id())]);
    assert_eq!(number(&server, &["EXISTS", CLAIM]), 0);
}

/// R24: between the claim and the push. The same dispatch goes through; for all others the claim ends in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_claim_whose_push_never_came_stands_in_nobodys_way_for_ever() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    assert_eq!(store.push(&[named("a", "x")], Unit::Queue).await.unwrap(), [STORED]);
    server.ask(&["DEL", "journeyman:queue:{a}", "journeyman:queue:{a}:jobs", "journeyman:queue:{a}:stats"]);
    server.ask(&["PEXPIRE", CLAIM, "200"]);
    assert_eq!(store.find(ID.parse().unwrap()).await.unwrap(), Found::Nothing);
    assert_eq!(store.push(&[named("b", "x")], Unit::Queue).await.unwrap(), [PushOutcome::Conflict]);
    eventually("the claim ends", async || store.push(&[named("b", "x")], Unit::Queue).await.unwrap() == [STORED]).await;
    // The same dispatch does not wait for that.
    server.ask(&["DEL", "journeyman:queue:{b}", "journeyman:queue:{b}:jobs", "journeyman:queue:{b}:stats"]);
    assert_eq!(store.push(&[named("b", "x")], Unit::Queue).await.unwrap(), [STORED]);
    assert_eq!(number(&server, &["PTTL", CLAIM]), -1);
}

/// R24: between the push and the confirmation of the claim.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_claim_that_was_not_confirmed_is_confirmed_by_another_process() {
    let server = Server::start(&[]);
    let (one, other) = (open(&server).await, open(&server).await);
    one.push(&[named("default", "x")], Unit::Queue).await.unwrap();
    let claim = server.ask(&["GET", CLAIM]);
    let number_of_claim = &claim.lines().nth(1).unwrap()[..16];
    for ttl in ["60000", "1"] {
        server.ask(&["PEXPIRE", CLAIM, ttl]);
        tokio::time::sleep(Duration::from_millis(5)).await;
        server.ask(&["HSET", "journeyman:queue:{default}:outbox", "caaaaaaaaaaaaaaaa", number_of_claim]);
        other.promote(100).await.unwrap();
        assert_eq!((number(&server, &["PTTL", CLAIM]), outbox(&server)), (-1, 0));
        assert_eq!(other.push(&[named("b", "x")], Unit::Queue).await.unwrap(), [PushOutcome::Conflict]);
    }
}

/// R24: between the removal of a record and the release of the claim; also where the id is in use again by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_claim_that_was_not_released_is_released_by_another_process() {
    let server = Server::start(&[]);
    let (one, other) = (open(&server).await, open(&server).await);
    one.push(&[named("default", "x")], Unit::Queue).await.unwrap();
    let claim = server.ask(&["GET", CLAIM]).lines().nth(1).unwrap().to_owned();
    let note = ["HSET", "journeyman:queue:{default}:outbox", "raaaaaaaaaaaaaaaa", &claim[..16]];
    let taken = reserve(&one, 1).await.unwrap();
    complete(&one, &taken).await.unwrap();
    assert_eq!(one.forget(ID.parse().unwrap()).await.unwrap(), Forgotten::Done);
    assert_eq!((number(&server, &["EXISTS", CLAIM]), outbox(&server)), (0, 0));
    server.ask(&["SET", CLAIM, &claim]);
    server.ask(&note);
    other.promote(100).await.unwrap();
    assert_eq!((number(&server, &["EXISTS", CLAIM]), outbox(&server)), (0, 0));
    // The same dispatch came again in between: a later claim.
    one.push(&[named("default", "x")], Unit::Queue).await.unwrap();
    server.ask(&note);
    other.promote(100).await.unwrap();
    assert_eq!((number(&server, &["PTTL", CLAIM]), outbox(&server)), (-1, 0));
    // Another dispatch of the same queue has it.
    assert_eq!(one.purge(&queue("default"), None, 9).await.unwrap(), 1);
    one.push(&[named("default", "y")], Unit::Queue).await.unwrap();
    server.ask(&note);
    other.promote(100).await.unwrap();
    assert_eq!((number(&server, &["PTTL", CLAIM]), outbox(&server)), (-1, 0));
}

/// R24: a repeated dispatch takes a later claim, and the record lets go of that one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_pruned_job_frees_its_id_however_often_it_was_dispatched() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    for _ in 0..3 {
        store.push(&[named("default", "x")], Unit::Queue).await.unwrap();
    }
    let taken = reserve(&store, 9).await.unwrap();
    complete(&store, &taken).await.unwrap();
    assert_eq!(store.push(&[named("default", "x")], Unit::Queue).await.unwrap(), [PushOutcome::Repeated]);
    assert_eq!(number(&server, &["PTTL", CLAIM]), -1);
    let nothing = journeyman::queue::Retention { ttl: Duration::ZERO, max_records: 0 };
    assert_eq!(store.prune(nothing, 100).await.unwrap(), 1);
    assert_eq!((number(&server, &["EXISTS", CLAIM]), outbox(&server)), (0, 0));
}

/// R24: what is in the last two bytes of a caller's id means nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_a_callers_id_that_looks_like_another_queues_is_found() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let mine = push(&store, 1).await[0];
    let mut misleading = named("other", "x");
    misleading.envelope.id = "7d444840-9dc0-41d1-b245-5ffdce74c8e5".parse().unwrap();
    assert!(misleading.id().may_be_of(&queue("default")));
    assert_eq!(store.push(&[misleading.clone()], Unit::Queue).await.unwrap(), [STORED]);
    let Found::Here(record) = store.find(misleading.id()).await.unwrap() else { panic!("it is found") };
    assert_eq!(record.queue, queue("other"));
    // An id that was made here for another queue is not free for the taking.
    let mut taken = named("other", "x");
    taken.envelope.id = mine;
    assert_eq!(store.push(&[taken], Unit::Queue).await.unwrap(), [PushOutcome::Conflict]);
}

/// R23, S1: nothing is half done over a key of a wrong type.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_lock_of_a_wrong_type_is_refused_before_anything_is_written() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    let unique = "journeyman:queue:{default}:unique";
    server.ask(&["SET", unique, "by hand"]);
    let keyed = NewJob { unique: Some(UniqueKey::stored("key")), ..job() };
    assert!(matches!(store.push(&[job(), keyed.clone()], Unit::Queue).await, Err(StoreError::Refused(_))));
    assert_eq!(number(&server, &["DBSIZE"]), 2);
    server.ask(&["DEL", unique]);
    assert_eq!(store.push(std::slice::from_ref(&keyed), Unit::Queue).await.unwrap(), [STORED]);
    let taken = reserve(&store, 1).await.unwrap();
    server.ask(&["RENAME", unique, "journeyman:{default}:aside"]);
    server.ask(&["SET", unique, "by hand"]);
    assert!(matches!(complete(&store, &taken).await, Err(StoreError::Refused(_))));
    assert_eq!(state(&store, keyed.id()).await, Some(State::Reserved));
    server.ask(&["RENAME", "journeyman:{default}:aside", unique]);
    assert_eq!(complete(&store, &taken).await.unwrap(), [Settled::Done]);
    assert_eq!(number(&server, &["EXISTS", unique]), 0);
}

/// R51: a pause that was cut short is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r51_only_a_queue_that_is_paused_is_listed_as_paused() {
    let server = Server::start(&[]);
    let store = open(&server).await;
    store.pause(&queue("a")).await.unwrap();
    server.ask(&["SADD", "journeyman:paused", "b"]);
    assert_eq!(store.control().await.unwrap().paused, [queue("a")]);
    push(&store, 1).await;
    assert_eq!(reserve(&store, 1).await.unwrap().len(), 1);
}

/// R35: calls under way, and those that begin in that moment, are told of the loss at once, not when they would have
/// timed out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_calls_under_way_hear_of_a_dead_server_at_once() {
    let mut server = Server::start(&[]);
    let patient = RedisOptions { command_timeout: TIMEOUT * 10, ..options(&server) };
    let store = Arc::new(RedisStore::connect(patient, StoreTime::Server).await.unwrap());
    let pushers: Vec<_> = (0..32)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                loop {
                    let clock = Stopwatch::start();
                    if let Err(error) = store.push(&[job()], Unit::Queue).await {
                        return (clock.elapsed(), error);
                    }
                }
            })
        })
        .collect();
    eventually("pushes are under way", async || enqueued(&store, "default").await > 500).await;
    server.kill();
    for pusher in pushers {
        let (took, error) = pusher.await.unwrap();
        assert!(matches!(error, StoreError::Unknown(_) | StoreError::Unavailable(_)), "{error:?}");
        // A call that finds no connection waits a second for it to come back.
        assert!(took < TIMEOUT * 2, "{took:?} {error:?}");
    }
}

//! Very many queues, of which few have work.

use journeyman::queue::{Beat, Retention};

use super::*;

const QUEUES: usize = 20_000;

fn register(server: &Server) -> Vec<QueueName> {
    let names: Vec<String> = (0..QUEUES).map(|number| format!("u{number}")).collect();
    for names in names.chunks(1000) {
        let mut words = vec!["SADD", "journeyman:queues"];
        words.extend(names.iter().map(String::as_str));
        server.ask(&words);
    }
    names.iter().map(|name| QueueName::new(name).unwrap()).collect()
}

/// Scripts that the server has run since its counters were set back.
fn scripts_run(server: &Server) -> usize {
    let stats = server.ask(&["INFO", "commandstats"]);
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap_or("=0,").to_owned();
    line.split(['=', ',']).nth(1).unwrap().parse().unwrap()
}

/// R20: every verb goes over a part of those that are empty, and misses no job.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_queues_are_looked_at_in_turn() {
    let server = Server::start(&[]);
    let queues = register(&server);
    let patient = RedisOptions { command_timeout: TIMEOUT * 20, ..options(&server) };
    let store = RedisStore::connect(patient, StoreTime::Server).await.unwrap();
    let (worker, lease) = (WorkerId::new("w").unwrap(), Duration::from_secs(30));
    let request = || ReserveRequest {
        worker: &worker,
        queues: &queues,
        order: Priority::DESCENDING,
        max: 9,
        lease,
        call: chance::call_id(),
        is_repeat: false,
    };
    let round = async || {
        store.promote(9).await.unwrap();
        store.reclaim(&request()).await.unwrap();
        store.prune(Retention { ttl: Duration::ZERO, max_records: 9 }, 9).await.unwrap();
        store.extend(&Beat { worker: &worker, lease, held: &[] }).await.unwrap();
        store.reserve(&request()).await.unwrap().jobs
    };
    server.ask(&["CONFIG", "RESETSTAT"]);
    round().await;
    // Five verbs: the beat looks at half of them, and at a share of those it knows; the others at far less.
    assert!(scripts_run(&server) < QUEUES * 5 / 4, "{}", scripts_run(&server));

    let other = open(&server).await;
    let job = NewJob { envelope: Envelope { queue: queues[777].clone(), ..job().envelope }, ..job() };
    let wakeups = store.wakeups(&[]);
    other.push(std::slice::from_ref(&job), Unit::Queue).await.unwrap();
    tokio::time::timeout(TIMEOUT * 5, wakeups.next()).await.expect("a hint");
    assert_eq!(store.reserve(&request()).await.unwrap().jobs.len(), 1, "a hint says where to look");
    // And without any hint: a job put there behind our back.
    let (body, id) = ("00000000000000012body", "aaaaaaaaaaaaaaaa");
    server.ask(&["HSET", "journeyman:queue:{u4242}:jobs", id, body]);
    server.ask(&["LPUSH", "journeyman:queue:{u4242}", id]);
    let mut rounds = 0;
    while store.reserve(&request()).await.unwrap().jobs.is_empty() {
        rounds += 1;
        assert!(rounds < 30, "not found");
    }
}

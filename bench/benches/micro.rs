//! The small steps that every job takes: `cargo bench -p bench --bench micro`. Times of one run are comparable with each other
//! and with the last run on the same machine, and with nothing else.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    dead_code,
    unused_imports,
    reason = "a measurement may end where something is amiss"
)]

#[path = "../../tests/support/redis.rs"]
mod redis;

use std::cell::RefCell;
use std::hint::black_box;
use std::iter;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jobs::noop::Noop;
use journeyman::chance;
use journeyman::clock::Timestamp;
use journeyman::drivers::redis::{RedisOptions, RedisStore, StoreTime};
use journeyman::queue::{
    AttemptEntry, Attempted, Body, Driver, Envelope, Head, NewJob, Policy, ReserveRequest, ReservedJob, Settle,
    Settlement, Trail, Unit, WorkerId, decide, decode,
};
use journeyman_job::{Dispatch, ErrorKind, JobError, JobOptions, JobSpec, Outcome, Priority, QueueName, RawJson, When};
use tokio::runtime::Runtime;

/// Jobs in one call of a script.
const BATCH: usize = 128;

fn dispatch() -> Dispatch {
    let job = Noop { data: Some(RawJson::encode(&"x".repeat(189)).unwrap()) };
    Dispatch::from(JobSpec::of(&job).unwrap())
}

fn body() -> Bytes {
    Envelope::freeze(&dispatch(), None).body
}

fn trail() -> Trail {
    let (started_at, finished_at) =
        (Timestamp::from_micros(1_764_140_000_000_000), Timestamp::from_micros(1_764_140_000_000_123));
    let entry = AttemptEntry {
        attempt: 1,
        started_at,
        finished_at,
        outcome: "completed".into(),
        error: None,
        worker: "host-4711-0123456789".into(),
    };
    Trail {
        first_started_at: Some(started_at),
        finished_at: Some(finished_at),
        history: vec![entry],
        ..Trail::default()
    }
}

fn policy(criterion: &mut Criterion) {
    let (options, trail) = (JobOptions::default(), Trail::default());
    let facts = Attempted {
        options: &options,
        trail: &trail,
        attempt: 1,
        now: Timestamp::from_micros(1),
        policy: Policy::default(),
    };
    let done = Ok(Outcome::done());
    let failed = Err(JobError::of(ErrorKind::Error, "no"));
    criterion.bench_function("decide/completed", |b| b.iter(|| decide(black_box(&facts), black_box(&done), 0.5)));
    criterion.bench_function("decide/failed", |b| b.iter(|| decide(black_box(&facts), black_box(&failed), 0.5)));
}

fn forms(criterion: &mut Criterion) {
    let (dispatch, body) = (dispatch(), body());
    criterion.bench_function("envelope/freeze", |b| b.iter(|| Envelope::freeze(black_box(&dispatch), None)));
    criterion.bench_function("envelope/read", |b| b.iter(|| Body::read(black_box(&body)).unwrap().version));
    criterion.bench_function("envelope/head", |b| b.iter(|| Head::read(black_box(&body)).unwrap().options.max_tries));
    criterion.bench_function("job/decode", |b| b.iter(|| decode("noop", black_box(&body)).unwrap()));
    let trail = trail();
    let retried = Trail { retries: 1, ..trail.clone() };
    for (name, trail) in [("short", trail), ("long", retried)] {
        let stored = trail.encode();
        criterion.bench_function(&format!("trail/encode/{name}"), |b| b.iter(|| black_box(&trail).encode()));
        criterion.bench_function(&format!("trail/decode/{name}"), |b| b.iter(|| Trail::decode(black_box(&stored))));
    }
}

/// The scripts of a job's whole life, with the round trip, on a Redis of our own.
fn scripts(criterion: &mut Criterion) {
    let (runtime, server) = (Runtime::new().unwrap(), redis::RedisServer::start());
    let options = RedisOptions {
        url: server.url(),
        key_prefix: "journeyman:".to_owned(),
        command_timeout: Duration::from_secs(5),
        max_connection_retries: 1,
        allow_eviction: false,
    };
    let store = runtime.block_on(RedisStore::connect(options, StoreTime::Server)).unwrap();
    let push = |jobs: Vec<NewJob>| runtime.block_on(store.push(&jobs, Unit::Queue)).unwrap();
    let reserve = || runtime.block_on(reserve(&store));
    let settle = |batch: Vec<Settle>| runtime.block_on(store.settle(&batch)).unwrap();
    let mut group = criterion.benchmark_group("scripts");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("push", |b| b.iter_batched(jobs, push, BatchSize::PerIteration));
    // No worker holds more than it runs, so all that is taken is settled before more is.
    let end = |jobs: Vec<ReservedJob>| settle(jobs.into_iter().map(completed).collect());
    let drain = || {
        let taken = iter::repeat_with(reserve).take_while(|jobs| !jobs.is_empty());
        taken.for_each(|jobs| drop(end(jobs)));
    };
    drain();
    let taken = RefCell::new(Vec::new());
    let push_after_ending = || {
        end(taken.take());
        push(jobs())
    };
    let take = |_| drop(taken.replace(reserve()));
    group.bench_function("reserve", |b| b.iter_batched(push_after_ending, take, BatchSize::PerIteration));
    end(taken.take());
    drain();
    let held = || {
        push(jobs());
        reserve().into_iter().map(completed).collect()
    };
    group.bench_function("settle", |b| b.iter_batched(held, settle, BatchSize::PerIteration));
    group.finish();
}

fn jobs() -> Vec<NewJob> {
    let dispatch = dispatch();
    (0..BATCH).map(|_| NewJob::new(Envelope::freeze(&dispatch, None), When::Now)).collect()
}

async fn reserve(store: &RedisStore) -> Vec<ReservedJob> {
    let (worker, queues) = (WorkerId::new("micro").unwrap(), [QueueName::default()]);
    let (lease, call) = (Duration::from_secs(30), chance::call_id());
    let order = Priority::DESCENDING;
    let request = ReserveRequest { worker: &worker, queues: &queues, order, max: BATCH, lease, call, is_repeat: false };
    store.reserve(&request).await.unwrap().jobs
}

fn completed(job: ReservedJob) -> Settle {
    Settle {
        reservation: job.reservation,
        settlement: Settlement::Complete,
        trail: trail().encode(),
        counted: None,
        then: Vec::new(),
    }
}

criterion_group!(micro, policy, forms, scripts);
criterion_main!(micro);

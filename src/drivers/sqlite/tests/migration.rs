//! A file as an earlier version left it.

use std::fs;
use std::time::Duration;

use journeyman_job::{JobId, Priority, QueueName};
use rusqlite::{Connection, params};

use super::super::schema;
use super::{Place, completed, job_of, reserve, state};
use crate::clock::Timestamp;
use crate::queue::{
    CallId, Driver, Found, Inspector, Listing, Operator, PushOutcome, Reservation, Settle, Settled, Settlement, State,
    Token, UniqueKey, Unit, WorkerId,
};

/// A job as the first version kept it; `call` also stands for the token of its last settlement.
const INSERT: &str =
    "INSERT INTO queue_jobs (job_id, queue, priority, state, position, attempts, reserved_at, available_at,
        created_at, started_at, ended_at, worker, call, settled_attempt, settled_call, unique_key, trail, payload)
    VALUES (?1, 'default', 2, ?2, ?3, ?4, iif(?2 = 'reserved', 9, NULL), ?5, 1, iif(?4 > 0, 9, NULL), ?6,
        iif(?2 = 'reserved', 'worker', NULL), iif(?4 > 0, 7, NULL), ?7, iif(?7 > 0, 7, NULL), ?2, ?8, x'7b7d')";

fn old_file(place: &Place) -> [JobId; 5] {
    fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    let mut old = Connection::open(place.path()).unwrap();
    schema::MIGRATIONS.to_version(&mut old, 1).unwrap();
    old.execute_batch(
        "INSERT INTO queue_stats (queue, back, pending_normal, delayed, reserved, completed, cancelled, total_enqueued)
            VALUES ('default', 100, 1, 1, 1, 1, 1, 5);
        INSERT INTO queue_leases VALUES ('worker', 9000000000000000);",
    )
    .unwrap();
    let far = 8_000_000_000_000_000_i64;
    let ids = [(); 5].map(|()| JobId::generate(&QueueName::default()));
    let trail = Some(&b"{\"c\":1}"[..]);
    let mut insert = old.prepare(INSERT).unwrap();
    let mut add = |(n, id): (u32, JobId),
                   state: &str,
                   attempts: u32,
                   due: i64,
                   ended: Option<i64>,
                   settled: Option<u32>,
                   trail| {
        insert.execute(params![id.as_bytes(), state, n, attempts, due, ended, settled, trail]).unwrap();
    };
    add((0, ids[0]), "pending", 1, 1, None, Some(1), trail);
    // It was cancelled before its first attempt, and put back by hand.
    add((1, ids[1]), "delayed", 0, far, None, None, Some(&b"{\"n\":1}"[..]));
    add((2, ids[2]), "reserved", 2, 1, None, Some(1), trail);
    add((3, ids[3]), "completed", 1, 1, Some(20), Some(1), trail);
    add((4, ids[4]), "cancelled", 0, 1, Some(21), None, None);
    ids
}

#[tokio::test]
async fn p1_jobs_in_every_state_come_over() {
    let place = Place::new();
    let ids = old_file(&place);
    let store = place.open();
    let states = [State::Pending, State::Delayed, State::Reserved, State::Completed, State::Cancelled];
    for (id, expected) in ids.into_iter().zip(states) {
        assert_eq!(state(&store, id).await, Some(expected));
        let queue = QueueName::default();
        let listed = store.list(&Listing { queue, state: expected, after: None, max: 9 }).await.unwrap().jobs;
        assert_eq!(listed.iter().map(|record| record.id).collect::<Vec<_>>(), [id]);
    }
    let Found::Here(put_back) = store.find(ids[1]).await.unwrap() else { panic!("it is gone") };
    assert_eq!((put_back.trail.retries, put_back.started_at), (1, None));
    let Found::Here(held) = store.find(ids[2]).await.unwrap() else { panic!("it is gone") };
    assert_eq!((held.attempts, held.worker.as_deref(), held.trail.crashes), (2, Some("worker"), 1));
    assert_eq!(held.started_at, Some(Timestamp::from_micros(9)));

    let reservation = Reservation {
        job: ids[2],
        queue: QueueName::default(),
        priority: Priority::Normal,
        worker: WorkerId::new("worker").unwrap(),
        token: Token { attempt: 2, call: CallId(7) },
    };
    let settle = |reservation| Settle {
        reservation,
        settlement: Settlement::Release { delay: Duration::ZERO },
        trail: bytes::Bytes::new(),
        counted: None,
        then: Vec::new(),
    };
    let again = settle(reservation.clone());
    assert_eq!(store.settle(&[settle(reservation)]).await.unwrap(), [Settled::Done]);
    assert_eq!(store.settle(&[again]).await.unwrap(), [Settled::Repeated]);

    let taken = reserve(&store, "worker", 9).await.unwrap();
    let told: Vec<_> = taken.iter().map(|job| (job.reservation.job, job.reservation.token.attempt)).collect();
    assert_eq!(told, [(ids[0], 2), (ids[2], 3)]);
    assert_eq!(taken[0].trail.as_ref(), b"{\"c\":1}");
    let batch: Vec<Settle> = taken.iter().map(completed).collect();
    assert_eq!(store.settle(&batch).await.unwrap(), [Settled::Done; 2]);
}

#[tokio::test]
async fn unique_keys_come_over() {
    let place = Place::new();
    let ids = old_file(&place);
    let store = place.open();
    for (key, expected) in [
        ("delayed", PushOutcome::Duplicate(ids[1])),
        ("reserved", PushOutcome::Duplicate(ids[2])),
        ("completed", PushOutcome::Stored { delayed: false }),
        ("cancelled", PushOutcome::Stored { delayed: false }),
    ] {
        let mut job = job_of(b"{}");
        job.unique = Some(UniqueKey::stored(key));
        assert_eq!(store.push(&[job], Unit::Queue).await.unwrap(), [expected], "{key}");
    }
}

//! An SQLite file, spoilt with SQL.

use std::sync::Arc;

use async_trait::async_trait;
use journeyman::clock::ManualClock;
use journeyman::drivers::sqlite::SqliteStore;
use journeyman::queue::{Flaw, Store};
use rusqlite::Connection;
use rusqlite::types::Value;

use super::{Case, Jobs, Place, case, prove};

struct File(tempfile::TempDir);

impl File {
    fn connection(&self) -> Connection {
        let connection = Connection::open(self.0.path().join("journeyman.db")).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        connection
    }
}

#[async_trait]
impl Place for File {
    async fn open(&self, clock: Arc<ManualClock>) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.0.path().join("journeyman.db"), clock).unwrap())
    }

    async fn spoil(&self, words: &str, jobs: &Jobs) {
        let mut words = words.to_owned();
        for (name, id) in jobs {
            let literal = format!("x'{}'", id.as_uuid().simple());
            words =
                words.replace(&format!("[{name}]"), &format!("(SELECT id FROM queue_jobs WHERE job_id = {literal})"));
            words = words.replace(&format!("{{{name}}}"), &literal);
        }
        self.connection().execute_batch(&words).unwrap_or_else(|error| panic!("{words}: {error}"));
    }

    async fn dump(&self) -> String {
        let connection = self.connection();
        let mut dump = String::new();
        for table in
            ["jobs", "pending", "delayed", "holds", "trails", "ends", "failed_jobs", "leases", "stats", "paused"]
        {
            let mut select = connection
                .prepare(&format!("SELECT * FROM queue_{table} ORDER BY 1, 2"))
                .unwrap_or_else(|_| connection.prepare(&format!("SELECT * FROM queue_{table} ORDER BY 1")).unwrap());
            let columns = select.column_count();
            let mut rows = select.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let row: Vec<Value> = (0..columns).map(|column| row.get(column).unwrap()).collect();
                dump.push_str(&format!("{table} {row:?}\n"));
            }
        }
        dump
    }
}

/// `[name]` stands for the row of a job.
const CASES: &[Case] = &[
    case(Flaw::JobNowhere, "DELETE FROM queue_pending WHERE id = [normal]"),
    case(Flaw::JobNowhere, "DELETE FROM queue_delayed WHERE id = [delayed]"),
    case(Flaw::JobNowhere, "DELETE FROM queue_holds"),
    case(Flaw::JobNowhere, "DELETE FROM queue_ends WHERE state = 'completed'"),
    case(
        Flaw::JobTwice,
        "INSERT INTO queue_delayed SELECT queue, available_at, position, id, priority, 0 FROM queue_jobs WHERE id = [normal]",
    ),
    case(
        Flaw::JobTwice,
        "INSERT INTO queue_holds (worker, call, queue, priority, reserved_at, jobs)
            SELECT worker, call, queue, priority, reserved_at + 1, jobs FROM queue_holds LIMIT 1",
    ),
    case(
        Flaw::JobTwice,
        "INSERT INTO queue_pending SELECT queue, priority, position, id, 1 FROM queue_jobs WHERE id = [completed]",
    ),
    case(
        Flaw::JobTwice,
        "INSERT INTO queue_pending SELECT queue, priority, position, id, 0 FROM queue_jobs WHERE id = [held]",
    ),
    case(
        Flaw::JobTwice,
        "INSERT INTO queue_ends (queue, state, ended_at, jobs) SELECT queue, state, ended_at, jobs FROM queue_ends",
    ),
    case(Flaw::WrongPlace, "UPDATE queue_pending SET position = position + 1000 WHERE id = [normal]"),
    case(Flaw::WrongPlace, "UPDATE queue_pending SET priority = 1 WHERE id = [high]"),
    case(Flaw::WrongPlace, "UPDATE queue_holds SET priority = 1"),
    case(Flaw::WrongPlace, "UPDATE queue_ends SET jobs = CAST(jobs || unhex(printf('%016x', [normal])) AS BLOB) WHERE state = 'completed'"),
    case(Flaw::WrongTime, "UPDATE queue_delayed SET available_at = 5 WHERE id = [delayed]"),
    case(Flaw::WrongTime, "UPDATE queue_ends SET ended_at = ended_at + 1 WHERE state = 'cancelled'"),
    case(Flaw::WrongCopy, "UPDATE queue_pending SET has_trail = 1 - has_trail WHERE id = [retried]"),
    case(Flaw::WrongCopy, "UPDATE queue_delayed SET has_trail = 1 - has_trail WHERE id = [released]"),
    case(
        Flaw::WrongCopy,
        "UPDATE queue_holds SET jobs = CAST(substr(jobs, 1, length(jobs) - 1) || x'01' AS BLOB)",
    ),
    case(Flaw::Unreadable, "UPDATE queue_holds SET jobs = x'0102'"),
    case(Flaw::Unreadable, "UPDATE queue_ends SET jobs = CAST(jobs || x'01' AS BLOB) WHERE state = 'completed'"),
    case(Flaw::Unreadable, "UPDATE queue_jobs SET queue = 'no name' WHERE id = [completed]").by_hand(),
    case(Flaw::Unreadable, "UPDATE queue_trails SET state = 'odd' WHERE id = [completed]").by_hand(),
    case(Flaw::EntryWithoutJob, "INSERT INTO queue_pending VALUES ('default', 2, 99999, 99999, 0)"),
    case(Flaw::EntryWithoutJob, "INSERT INTO queue_delayed VALUES ('default', 5, 99999, 99999, 2, 0)"),
    case(Flaw::EntryWithoutJob, "DELETE FROM queue_jobs WHERE id = [normal]").losing(&["normal"]),
    case(Flaw::EntryWithoutJob, "DELETE FROM queue_jobs WHERE id = [held]").losing(&["held"]),
    case(Flaw::EntryWithoutJob, "DELETE FROM queue_jobs WHERE id = [completed]"),
    case(Flaw::TrailWithoutJob, "INSERT INTO queue_trails (id, attempts) VALUES (99999, 1)"),
    case(Flaw::NoLease, "DELETE FROM queue_leases"),
    case(Flaw::KeyWithoutOwner, "UPDATE queue_jobs SET unique_key = 'k2', key_is_free = 0 WHERE id = [completed]"),
    case(Flaw::KeyNotHeld, "UPDATE queue_jobs SET key_is_free = 1 WHERE id = [keyed]"),
    case(
        Flaw::KeyNotHeld,
        "UPDATE queue_jobs SET key_is_free = 1 WHERE id = [keyed];
            UPDATE queue_jobs SET unique_key = 'the-key', key_is_free = 0 WHERE id = [normal]",
    )
    .by_hand(),
    case(Flaw::QueueUnlisted, "DELETE FROM queue_stats"),
    case(Flaw::WrongCount, "UPDATE queue_stats SET pending_normal = 77"),
    case(Flaw::WrongCount, "UPDATE queue_stats SET back = 0"),
    case(
        Flaw::FailureWithoutJob,
        "INSERT INTO queue_failed_jobs (job_id, connection, queue, priority, attempts, system_error, available_at,
                created_at, failed_at, settled_attempt, settled_call, exception, payload)
            SELECT job_id, 'sqlite', queue, priority, 1, 0, 1, 1, 1, 1, 1, 'x', payload FROM queue_jobs WHERE id = [low]",
    )
    .blocked(),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_each_spoilt_table_of_sqlite_is_found_and_put_right() {
    for case in CASES {
        prove(&File(tempfile::tempdir().unwrap()), *case).await;
    }
}

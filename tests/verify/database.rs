//! A database server, spoilt with SQL.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use journeyman::clock::ManualClock;
use journeyman::drivers::StoreTime;
use journeyman::drivers::database::{DatabaseOptions, DatabaseStore};
use journeyman::queue::{Flaw, Store};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, Row as _};

use super::{Case, Jobs, Place, case, prove};
use crate::support::{mariadb, postgres};

const TABLES: [&str; 5] = ["queue_jobs", "queue_failed_jobs", "queue_leases", "queue_stats", "queue_paused"];

struct Database(String);

impl Database {
    fn is_mysql(&self) -> bool {
        self.0.starts_with("mysql") || self.0.starts_with("mariadb")
    }

    async fn mysql(&self) -> MySqlConnection {
        MySqlConnection::connect(&self.0.replacen("mariadb", "mysql", 1)).await.unwrap()
    }

    async fn postgres(&self) -> PgConnection {
        PgConnection::connect(&self.0).await.unwrap()
    }
}

#[async_trait]
impl Place for Database {
    async fn open(&self, clock: Arc<ManualClock>) -> Arc<dyn Store> {
        let options = DatabaseOptions {
            url: self.0.clone(),
            masked_url: self.0.clone(),
            call_timeout: Duration::from_secs(30),
            max_connection_retries: 3,
            pool_size: 4,
            auto_migrate: true,
        };
        Arc::new(DatabaseStore::connect(options, StoreTime::Manual(clock)).await.unwrap())
    }

    async fn spoil(&self, words: &str, jobs: &Jobs) {
        let mut words = words.to_owned();
        for (name, id) in jobs {
            let literal =
                if self.is_mysql() { format!("x'{}'", id.as_uuid().simple()) } else { format!("'{id}'::uuid") };
            words = words.replace(&format!("{{{name}}}"), &literal);
        }
        let words = sqlx::raw_sql(AssertSqlSafe(words));
        if self.is_mysql() {
            self.mysql().await.execute(words).await.unwrap();
        } else {
            self.postgres().await.execute(words).await.unwrap();
        }
    }

    async fn dump(&self) -> String {
        if self.is_mysql() {
            let sums = format!("CHECKSUM TABLE {}", TABLES.join(", "));
            let rows = self.mysql().await.fetch_all(sqlx::raw_sql(AssertSqlSafe(sums))).await.unwrap();
            return rows.iter().map(|row| format!("{:?}\n", row.get_unchecked::<i64, _>(1))).collect();
        }
        let (mut link, mut dump) = (self.postgres().await, String::new());
        for table in TABLES {
            let select = format!("SELECT t::text FROM {table} AS t ORDER BY 1");
            let rows = link.fetch_all(sqlx::raw_sql(AssertSqlSafe(select))).await.unwrap();
            rows.iter().for_each(|row| dump.push_str(&row.get::<String, _>(0)));
        }
        dump
    }
}

const CASES: &[Case] = &[
    case(Flaw::WrongPlace, "UPDATE queue_jobs SET lane = lane + 1 WHERE job_id = {normal}"),
    case(Flaw::WrongPlace, "UPDATE queue_jobs SET lane = 5 WHERE job_id = {held}"),
    case(Flaw::WrongPlace, "UPDATE queue_jobs SET priority = 1 WHERE job_id = {high}"),
    case(Flaw::WrongPlace, "UPDATE queue_jobs SET lane = -7 WHERE job_id = {delayed}"),
    case(Flaw::WrongPlace, "UPDATE queue_jobs SET worker = 'other' WHERE job_id = {held}"),
    case(Flaw::JobNowhere, "UPDATE queue_jobs SET worker = NULL WHERE job_id = {held}"),
    case(Flaw::WrongTime, "UPDATE queue_jobs SET place = 5 WHERE job_id = {delayed}"),
    case(Flaw::WrongTime, "UPDATE queue_jobs SET place = 5 WHERE job_id = {completed}"),
    case(Flaw::WrongCopy, "UPDATE queue_jobs SET worker = 'w' WHERE job_id = {normal}"),
    case(Flaw::WrongCopy, "UPDATE queue_jobs SET ended_at = 7 WHERE job_id = {normal}"),
    case(Flaw::Unreadable, "UPDATE queue_jobs SET state = 'odd' WHERE job_id = {normal}").by_hand().losing(&["normal"]),
    case(Flaw::Unreadable, "UPDATE queue_jobs SET priority = 9 WHERE job_id = {low}").by_hand().losing(&["low"]),
    case(Flaw::Quarantined, "UPDATE queue_jobs SET state = 'odd', lane = 0 WHERE job_id = {low}")
        .by_hand()
        .losing(&["low"]),
    case(Flaw::NoLease, "DELETE FROM queue_leases"),
    case(Flaw::KeyWithoutOwner, "UPDATE queue_jobs SET key_held = 'k2' WHERE job_id = {completed}"),
    case(Flaw::KeyNotHeld, "UPDATE queue_jobs SET key_held = NULL WHERE job_id = {keyed}"),
    case(
        Flaw::KeyNotHeld,
        "UPDATE queue_jobs SET key_held = NULL WHERE job_id = {keyed};
            UPDATE queue_jobs SET unique_key = 'the-key', key_held = 'the-key' WHERE job_id = {normal}",
    )
    .by_hand(),
    case(Flaw::QueueUnlisted, "DELETE FROM queue_stats"),
    case(Flaw::WrongCount, "UPDATE queue_stats SET pending_normal = pending_normal + 5"),
    case(Flaw::WrongCount, "DELETE FROM queue_jobs WHERE job_id = {normal}").losing(&["normal"]),
    case(Flaw::FailureUnlisted, "DELETE FROM queue_failed_jobs"),
    case(
        Flaw::FailureWithoutJob,
        "INSERT INTO queue_failed_jobs (job_id, connection, queue, payload, exception, failed_at)
            SELECT job_id, 'x', queue, payload, 'x', 1 FROM queue_jobs WHERE job_id = {normal}",
    ),
    case(Flaw::FailureWithoutJob, "DELETE FROM queue_jobs WHERE job_id = {failed}").by_hand(),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_each_spoilt_row_of_mariadb_is_found_and_put_right() {
    for case in CASES {
        prove(&Database(mariadb::shared().fresh_url()), *case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p14_each_spoilt_row_of_postgres_is_found_and_put_right() {
    for case in CASES {
        prove(&Database(postgres::shared().fresh_url()), *case).await;
    }
}

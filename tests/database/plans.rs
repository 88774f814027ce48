//! R29, R40, R51: how the servers go about statements on a long line of which they have no statistics.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, Row as _};

use super::open;
use crate::support::{mariadb, postgres};

macro_rules! statement {
    ($family:literal, $name:literal) => {
        include_str!(concat!("../../src/drivers/database/sql/", $family, "/", $name, ".sql"))
    };
}

/// The statement with its values in it, the last number first: $1 is the beginning of $12.
fn filled(statement: &str, sign: char, values: &[&str]) -> AssertSqlSafe<String> {
    let code: Vec<&str> = statement.lines().filter(|line| !line.starts_with("--")).collect();
    let fill = |text: String, (n, value): (usize, &&str)| text.replace(&format!("{sign}{}", n + 1), value);
    AssertSqlSafe(format!("EXPLAIN {}", values.iter().enumerate().rev().fold(code.join("\n"), fill)))
}

#[tokio::test]
async fn a_page_or_a_purge_is_a_range_of_an_index_on_mariadb() {
    let url = mariadb::shared().fresh_url();
    drop(open(&url, Duration::from_secs(20)).await);
    let mut link = MySqlConnection::connect(&url).await.unwrap();
    let fill = "INSERT INTO queue_jobs (job_id, id, queue, priority, state, lane, place, available_at, created_at, \
                stored_by, payload) SELECT UNHEX(MD5(seq)), seq, 'default', 1 + seq % 4, 'delayed', 77, seq, 1, 1, 1, \
                REPEAT('x', 200) FROM seq_1_to_20000";
    link.execute(sqlx::raw_sql(fill)).await.unwrap();
    let page = ["77", "'default'", "16000", "16000", "UNHEX(MD5(16000))", "50"];
    let back = ["77", "'default'", "4000", "4000", "UNHEX(MD5(4000))", "50"];
    let purge = ["77", "'default'", "500", "3"];
    for (statement, values, way, index) in [
        (statement!("mysql", "list"), &page[..], "range", "queue_jobs_by_lane"),
        (statement!("mysql", "list_back"), &back[..], "range", "queue_jobs_by_lane"),
        (statement!("mysql", "waiting_delayed"), &purge[..], "ref", "queue_jobs_delayed"),
    ] {
        let row = link.fetch_one(sqlx::raw_sql(filled(statement, '?', values))).await.unwrap();
        let told: (String, String, String) = (row.get("type"), row.get("key"), row.get("Extra"));
        assert_eq!((told.0.as_str(), told.1.as_str()), (way, index), "{statement}");
        assert!(!told.2.contains("filesort"), "{statement}: {}", told.2);
    }
    let front = ["77", "'default'", "250", "16000"];
    let row = link.fetch_one(sqlx::raw_sql(filled(statement!("mysql", "front"), '?', &front))).await.unwrap();
    let told: (String, String, String) = (row.get("type"), row.get("key"), row.get("Extra"));
    assert_eq!((told.0.as_str(), told.1.as_str()), ("range", "queue_jobs_by_lane"));
    assert!(!told.2.contains("filesort"), "{}", told.2);
    let settled = ["'[[\"00\", 1, 2, \"completed\", 3, 4, 1, null, 5, 0, \"default\", \"w\", 1, 2]]'", "'xxx'"];
    let rows = link.fetch_all(sqlx::raw_sql(filled(statement!("mysql", "settle"), '?', &settled))).await.unwrap();
    let told: Vec<(String, Option<String>)> = rows.iter().map(|row| (row.get("type"), row.get("key"))).collect();
    assert_eq!(told[1], ("eq_ref".to_owned(), Some("PRIMARY".to_owned())), "{told:?}");
}

#[tokio::test]
async fn a_page_or_a_purge_is_a_range_of_an_index_on_postgres() {
    let url = postgres::shared().fresh_url();
    drop(open(&url, Duration::from_secs(20)).await);
    let mut link = PgConnection::connect(&url).await.unwrap();
    // As the store sets its sessions up.
    let fill = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
                SET enable_mergejoin = off; SET jit = off; \
                INSERT INTO queue_jobs (job_id, id, queue, priority, state, lane, place, available_at, created_at, \
                stored_by, payload) SELECT md5(n::text)::uuid, n, 'default', 1 + n % 4, 'delayed', 77, n, 1, 1, 1, 'x' \
                FROM generate_series(1, 20000) AS n";
    link.execute(sqlx::raw_sql(fill)).await.unwrap();
    let page = ["77", "'default'", "16000", "16000", "md5('16000')::uuid", "50"];
    let purge = ["77", "'default'", "500", "3"];
    let front = ["77", "'default'", "250", "16000"];
    let settled = [
        "ARRAY[md5('7')::uuid]",
        "'{1}'",
        "'{2}'",
        "'{completed}'",
        "'{3}'",
        "'{4}'",
        "'{1}'",
        "'{null}'",
        "'{5}'",
        "'{0}'",
        "'{default}'",
        "'{w}'",
        "ARRAY['x'::bytea]",
    ];
    for (statement, values, index) in [
        (statement!("postgres", "list"), &page[..], "queue_jobs_by_lane"),
        (statement!("postgres", "list_back"), &page[..], "queue_jobs_by_lane"),
        (statement!("postgres", "waiting_delayed"), &purge[..], "queue_jobs_delayed"),
        (statement!("postgres", "front"), &front[..], "queue_jobs_by_lane"),
        (statement!("postgres", "settle"), &settled[..], "queue_jobs_pkey"),
    ] {
        let rows = link.fetch_all(sqlx::raw_sql(filled(statement, '$', values))).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains(&format!("using {index} ")) && !plan.contains("Sort"), "{statement}{plan}");
    }
}

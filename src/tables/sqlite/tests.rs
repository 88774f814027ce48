//! Tables in a file: the money is right, and so is what a job may do to a table.

use std::path::Path;
use std::sync::Arc;

use journeyman_job::credits::{CreditLedger, Posting, PostingKind, Registration};
use journeyman_job::{Amount, ErrorKind, JobId, QueueName, RawJson};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::config::AllowList;
use crate::tables::{DatabaseOperation, Fault, Location, Tables, TablesOptions};

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

fn tables_at(path: &Path, allow: &str) -> Tables {
    Tables::new(TablesOptions {
        location: Location::File(path.to_owned()),
        allow: AllowList::read(allow).unwrap(),
        connections: 1,
        timeout: TIMEOUT,
    })
}

fn job() -> JobId {
    JobId::generate(&QueueName::default())
}

fn posting(transaction_id: &str, user_id: &str, amount: i64, currency: Option<&str>) -> Posting {
    let kind = match currency {
        Some(currency) => PostingKind::Purchase { currency: currency.to_owned().try_into().unwrap() },
        None => PostingKind::Update,
    };
    Posting {
        transaction_id: transaction_id.to_owned().try_into().unwrap(),
        user_id: user_id.to_owned().try_into().unwrap(),
        kind,
        amount: Amount::from_units(amount * Amount::UNIT),
        job: job(),
    }
}

fn registration(user_id: &str, email: &str, balance: i64) -> Registration {
    Registration {
        user_id: user_id.to_owned().try_into().unwrap(),
        email: email.to_owned().try_into().unwrap(),
        credit_balance: Amount::from_units(balance * Amount::UNIT),
        job: job(),
    }
}

/// One number out of the file, past everything that is tested.
fn number(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// R42: a second run of a job finds its transaction and changes nothing.
#[tokio::test]
async fn r42_a_transaction_id_counts_once_and_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let tables = tables_at(&path, "");
    let first = tables.post(&posting("txn_1", "ada", 100, Some("USD"))).await.unwrap();
    tables.post(&posting("txn_2", "ada", -30, None)).await.unwrap();
    let again = tables.post(&posting("txn_1", "ada", 100, Some("USD"))).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(serde_json::to_value(&first).unwrap()["balance"], json!(100));
    assert_eq!(number(&path, "SELECT balance FROM accounts WHERE user_id = 'ada'"), 70 * Amount::UNIT);
    assert_eq!(number(&path, "SELECT count(*) FROM credit_transactions"), 2);
}

/// R42: the id alone does not make it the same.
#[tokio::test]
async fn r42_the_same_id_with_another_body_is_refused_for_good_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let tables = tables_at(&path, "");
    tables.post(&posting("txn_1", "ada", 100, Some("USD"))).await.unwrap();
    for other in [
        posting("txn_1", "ada", 101, Some("USD")),
        posting("txn_1", "ada", 100, Some("EUR")),
        posting("txn_1", "ada", 100, None),
        posting("txn_1", "bob", 100, Some("USD")),
    ] {
        let error = tables.post(&other).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fatal, "{error}");
        assert!(error.message().starts_with("transaction_id: txn_1 is taken"), "{error}");
    }
    assert_eq!(number(&path, "SELECT count(*) FROM accounts"), 1);
    assert_eq!(number(&path, "SELECT sum(balance) FROM accounts"), 100 * Amount::UNIT);
}

/// R42: what is not there cannot be taken; the same may be asked for again once it is.
#[tokio::test]
async fn r42_a_charge_beyond_the_balance_is_refused_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let tables = tables_at(&path, "");
    let charge = posting("txn_1", "ada", -1, None);
    let error = tables.post(&charge).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Fatal, "amount: 1 cannot be taken from ada, who has 0"));
    assert_eq!(number(&path, "SELECT count(*) FROM accounts"), 0);
    tables.post(&posting("txn_2", "ada", 1, Some("USD"))).await.unwrap();
    assert_eq!(tables.post(&charge).await.unwrap().balance, Amount::ZERO);
}

/// R42: many at once, through two handles as two processes have them, each transaction posted by both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r42_concurrent_postings_of_two_processes_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let handles = [tables_at(&path, ""), tables_at(&path, "")].map(Arc::new);
    let mut posting_all = tokio::task::JoinSet::new();
    for number in 0..400 {
        for handle in &handles {
            let handle = Arc::clone(handle);
            posting_all.spawn(async move {
                let user = format!("user{}", number % 7);
                handle.post(&posting(&format!("txn_{number}"), &user, 1 + number, Some("USD"))).await.unwrap()
            });
        }
    }
    while let Some(posted) = posting_all.join_next().await {
        posted.unwrap();
    }
    assert_eq!(number(&path, "SELECT count(*) FROM credit_transactions"), 400);
    assert_eq!(number(&path, "SELECT sum(balance) FROM accounts"), (1..=400).sum::<i64>() * Amount::UNIT);
    let wrong = "SELECT count(*) FROM accounts a WHERE balance <> (SELECT sum(amount) FROM credit_transactions t \
                 WHERE t.user_id = a.user_id)";
    assert_eq!(number(&path, wrong), 0);
}

#[tokio::test]
async fn r42_a_user_is_registered_once_with_one_opening_balance() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let tables = tables_at(&path, "");
    tables.post(&posting("txn_1", "ada", 5, Some("USD"))).await.unwrap();
    for _ in 0..2 {
        tables.register(&registration("ada", "ada@example.org", 10)).await.unwrap();
        tables.register(&registration("bob", "bob@example.org", 0)).await.unwrap();
    }
    assert_eq!(number(&path, "SELECT balance FROM accounts WHERE user_id = 'ada'"), 15 * Amount::UNIT);
    for (other, field) in [
        (registration("ada", "other@example.org", 10), "user_id"),
        (registration("ada", "ada@example.org", 11), "transaction_id"),
        (registration("bob", "bob@example.org", 1), "user_id"),
        (registration("eve", "bob@example.org", 0), "email"),
    ] {
        let error = tables.register(&other).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Fatal && error.message().starts_with(field), "{error}");
    }
    assert_eq!(number(&path, "SELECT count(*) FROM users"), 2);
    assert_eq!(number(&path, "SELECT count(*) FROM credit_transactions WHERE kind = 'opening'"), 1);
}

#[tokio::test]
async fn r57_a_calculation_tells_what_was_bought_and_used_and_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let tables = tables_at(&path, "");
    tables.post(&posting("txn_1", "ada", 100, Some("USD"))).await.unwrap();
    tables.post(&posting("txn_2", "ada", -30, None)).await.unwrap();
    let (job, ada) = (job(), "ada".to_owned().try_into().unwrap());
    let first = serde_json::to_value(tables.calculate(&ada, job).await.unwrap()).unwrap();
    assert_eq!(first, json!({"user_id": "ada", "total_purchased": 100, "total_used": 30, "credit_score": 70}));
    tables.post(&posting("txn_3", "ada", 1, Some("USD"))).await.unwrap();
    assert_eq!(serde_json::to_value(tables.calculate(&ada, job).await.unwrap()).unwrap(), first);
    assert_eq!(number(&path, "SELECT count(*) FROM credit_calculations"), 1);
}

/// R42: money and what else the database must never take, whatever the code above it does.
#[tokio::test]
async fn r42_the_file_itself_refuses_a_balance_that_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    tables_at(&path, "").post(&posting("txn_1", "ada", 1, Some("USD"))).await.unwrap();
    let file = Connection::open(&path).unwrap();
    for wrong in ["balance = -1", "balance = balance + 1", "balance = 1.5", "used = -1, balance = balance + 1"] {
        assert!(file.execute(&format!("UPDATE accounts SET {wrong}"), []).is_err(), "{wrong}");
    }
}

/// A table of an application, with one row.
async fn shop(path: &Path) -> Tables {
    let tables = tables_at(path, "items:id,name,stock,price,note");
    // Opens the file; nothing else in it is needed.
    tables.calculate(&"nobody".to_owned().try_into().unwrap(), job()).await.unwrap();
    let file = Connection::open(path).unwrap();
    let create = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, stock INTEGER NOT NULL, \
                  price DECIMAL(10, 2), note TEXT, secret TEXT DEFAULT 'x')";
    file.execute_batch(&format!("{create}; INSERT INTO items (id, name, stock) VALUES (1, 'pen', 5);")).unwrap();
    tables
}

fn operation(value: Value) -> DatabaseOperation {
    let text = value.to_string();
    RawJson::parse(text).unwrap().decode().unwrap()
}

async fn operate(tables: &Tables, value: Value) -> Result<u64, Fault> {
    tables.operate(job(), &operation(value)).await
}

#[tokio::test]
async fn r42_each_operation_changes_what_it_says_and_tells_how_many_rows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let shop = shop(&path).await;
    for (asked, affected) in [
        (json!({"operation": "insert", "data": {"id": 2, "name": "O'Brien; DROP TABLE items", "stock": 0}}), 1),
        (json!({"operation": "update", "data": {"note": "a ? b", "price": 1.5}, "filter": {"name": "pen"}}), 1),
        (json!({"operation": "increment", "data": {"stock": -2}, "filter": {"id": 1}}), 1),
        (json!({"operation": "upsert", "data": {"name": "ink", "stock": 7}, "filter": {"id": 3}}), 1),
        (json!({"operation": "upsert", "data": {"stock": 8}, "filter": {"id": 3}}), 1),
        (json!({"operation": "update", "data": {"stock": 8}, "filter": {"id": 9}}), 0),
        (json!({"operation": "delete", "filter": {"id": 2, "note": null}}), 1),
    ] {
        let mut asked = asked;
        asked["collection"] = "items".into();
        assert_eq!(operate(&shop, asked.clone()).await, Ok(affected), "{asked}");
    }
    let sum = "SELECT count(*) * 1000 + sum(stock) * 10 + (SELECT note = 'a ? b' FROM items WHERE id = 1) FROM items";
    assert_eq!(number(&path, sum), 2_000 + 110 + 1);
}

/// R42: a job that runs again after a crash must not add twice.
#[tokio::test]
async fn r42_an_operation_is_made_once_per_job() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let shop = shop(&path).await;
    let add =
        operation(json!({"operation": "increment", "collection": "items", "data": {"stock": 1}, "filter": {"id": 1}}));
    let job = job();
    for _ in 0..3 {
        assert_eq!(shop.operate(job, &add).await, Ok(1));
    }
    assert_eq!(number(&path, "SELECT stock FROM items"), 6);
}

#[tokio::test]
async fn r42_bad_input_is_fatal_and_names_the_field() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("app.db");
    let shop = shop(&path).await;
    for (asked, told) in [
        (
            json!({"operation": "insert", "collection": "users", "data": {"id": 1}}),
            "/collection: \"users\" is no table",
        ),
        (json!({"operation": "insert", "collection": "items", "data": {"secret": "y"}}), "/data/secret: is no column"),
        (
            json!({"operation": "delete", "collection": "items", "filter": {"1=1 --": 1}}),
            "/filter/1=1 --: is no column",
        ),
        (json!({"operation": "update", "collection": "items", "data": {"stock": 1}}), "/filter: is empty"),
        (json!({"operation": "delete", "collection": "items"}), "/filter: is empty"),
        (json!({"operation": "insert", "collection": "items"}), "/data: is empty"),
        (
            json!({"operation": "insert", "collection": "items", "data": {"id": 1}, "filter": {"id": 1}}),
            "/filter: an insert",
        ),
        (
            json!({"operation": "delete", "collection": "items", "data": {"id": 1}, "filter": {"id": 1}}),
            "/data: a delete",
        ),
        (
            json!({"operation": "upsert", "collection": "items", "data": {"id": 1}, "filter": {"id": 1}}),
            "/data/id: is in filter",
        ),
        (
            json!({"operation": "update", "collection": "items", "data": {"stock": "1"}, "filter": {"id": 1}}),
            "/data/stock: the column takes a whole",
        ),
        (
            json!({"operation": "update", "collection": "items", "data": {"price": 0.001}, "filter": {"id": 1}}),
            "/data/price: the column keeps 2",
        ),
        (
            json!({"operation": "update", "collection": "items", "data": {"note": 1}, "filter": {"id": 1}}),
            "/data/note: the column takes a string",
        ),
        (
            json!({"operation": "delete", "collection": "items", "filter": {"name": 0}}),
            "/filter/name: the column takes a string",
        ),
        (
            json!({"operation": "increment", "collection": "items", "data": {"name": 1}, "filter": {"id": 1}}),
            "/data/name: only a column of numbers",
        ),
        (
            json!({"operation": "increment", "collection": "items", "data": {"stock": i64::MAX}, "filter": {"id": 1}}),
            "integer overflow",
        ),
        (
            json!({"operation": "insert", "collection": "items", "data": {"id": 2, "name": null, "stock": 1}}),
            "NOT NULL constraint failed",
        ),
        (
            json!({"operation": "insert", "collection": "items", "data": {"id": 1, "name": "ink", "stock": 1}}),
            "such a row is there already",
        ),
    ] {
        let fault = operate(&shop, asked.clone()).await.unwrap_err();
        assert!(fault.to_string().starts_with(told), "{asked}: {fault}");
        assert!(matches!(fault, Fault::Refused(_) | Fault::Duplicate(_)), "{asked}: {fault:?}");
    }
    assert_eq!(number(&path, "SELECT count(*) * 100 + sum(stock) FROM items"), 105);
    assert_eq!(number(&path, "SELECT count(*) FROM journeyman_operations"), 0);
}

#[tokio::test]
async fn r42_without_an_allow_list_operations_are_off() {
    let dir = tempfile::tempdir().unwrap();
    let tables = tables_at(&dir.path().join("app.db"), "");
    let fault =
        operate(&tables, json!({"operation": "insert", "collection": "users", "data": {"id": 1}})).await.unwrap_err();
    assert!(fault.to_string().starts_with("database operations are off"), "{fault}");
    assert!(!dir.path().join("app.db").exists(), "nothing was opened for it");
}

/// R42: trouble with the file is no fault of the job.
#[tokio::test]
async fn r42_a_file_that_cannot_be_reached_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("blocked");
    std::fs::write(&blocked, "").unwrap();
    let tables = tables_at(&blocked.join("app.db"), "");
    let error = tables.post(&posting("txn_1", "ada", 1, Some("USD"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Error, "{error}");
    std::fs::remove_file(&blocked).unwrap();
    tables.post(&posting("txn_1", "ada", 1, Some("USD"))).await.unwrap();
}

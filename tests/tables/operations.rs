//! What the job `database_operation` may do to a table of an application.

use journeyman::job::{JobId, RawJson};
use journeyman::tables::{DatabaseOperation, Fault, Tables};
use serde_json::{Value, json};

use super::place::Place;
use super::{job, on_each_database};

on_each_database!(
    r42_each_operation_changes_what_it_says_and_tells_how_many_rows,
    r42_an_operation_is_made_once_per_job,
    r42_bad_input_is_fatal_and_names_the_field,
    r42_many_increments_at_once_all_count,
    r42_without_an_allow_list_operations_are_off,
    r42_several_may_create_the_tables_at_once,
);

/// A table of an application, with one row.
async fn shop(place: &Place) -> Tables {
    let tables = place.tables("items:id,name,stock,price,note").await;
    let create = "CREATE TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, stock BIGINT NOT NULL, \
                  price DECIMAL(10, 2), note VARCHAR(40), secret VARCHAR(9) DEFAULT 'x')";
    assert!(place.takes(create) && place.takes("INSERT INTO items (id, name, stock) VALUES (1, 'pen', 5)"));
    tables
}

fn operation(value: &Value) -> DatabaseOperation {
    let text = value.to_string();
    RawJson::parse(text).unwrap().decode().unwrap()
}

async fn operate(tables: &Tables, value: Value) -> Result<u64, Fault> {
    tables.operate(job(), &operation(&value)).await
}

async fn r42_each_operation_changes_what_it_says_and_tells_how_many_rows(place: &Place) {
    let shop = shop(place).await;
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
    assert_eq!(place.number("SELECT count(*) FROM items"), 2);
    assert_eq!(place.number("SELECT sum(stock) FROM items"), 3 + 8);
    assert_eq!(place.number("SELECT count(*) FROM items WHERE id = 1 AND note = 'a ? b' AND price = 1.5"), 1);
    assert_eq!(place.number("SELECT count(*) FROM items WHERE id = 3 AND name = 'ink'"), 1);
}

/// R42: a job that runs again after a crash must not add twice.
async fn r42_an_operation_is_made_once_per_job(place: &Place) {
    let shop = shop(place).await;
    let add =
        operation(&json!({"operation": "increment", "collection": "items", "data": {"stock": 1}, "filter": {"id": 1}}));
    let job: JobId = job();
    for _ in 0..3 {
        assert_eq!(shop.operate(job, &add).await, Ok(1));
    }
    assert_eq!(place.number("SELECT stock FROM items"), 6);
}

async fn r42_bad_input_is_fatal_and_names_the_field(place: &Place) {
    let shop = shop(place).await;
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
            "",
        ),
        (json!({"operation": "insert", "collection": "items", "data": {"id": 2, "name": null, "stock": 1}}), ""),
        (
            json!({"operation": "insert", "collection": "items", "data": {"id": 1, "name": "ink", "stock": 1}}),
            "such a row is there already",
        ),
    ] {
        let fault = operate(&shop, asked.clone()).await.unwrap_err();
        assert!(fault.to_string().starts_with(told), "{asked}: {fault}");
        assert!(matches!(fault, Fault::Refused(_) | Fault::Duplicate(_)), "{asked}: {fault:?}");
    }
    assert_eq!(place.number("SELECT count(*) * 100 + sum(stock) FROM items"), 105);
    assert_eq!(place.number("SELECT count(*) FROM journeyman_operations"), 0);
}

async fn r42_without_an_allow_list_operations_are_off(place: &Place) {
    let tables = place.tables("").await;
    let asked = json!({"operation": "insert", "collection": "users", "data": {"user_id": "ada", "email": "a@b"}});
    let fault = operate(&tables, asked).await.unwrap_err();
    assert!(fault.to_string().starts_with("database operations are off"), "{fault}");
    assert_eq!(place.number("SELECT count(*) FROM users"), 0);
}

/// As several processes of one deployment do.
async fn r42_several_may_create_the_tables_at_once(place: &Place) {
    tokio::join!(place.tables(""), place.tables(""), place.tables(""), place.tables(""));
    assert_eq!(place.number("SELECT count(*) FROM journeyman_operations"), 0);
}

async fn r42_many_increments_at_once_all_count(place: &Place) {
    let shop = shop(place).await;
    let mut adding = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let shop = shop.clone();
        adding.spawn(async move {
            let add =
                json!({"operation": "increment", "collection": "items", "data": {"stock": 1}, "filter": {"id": 1}});
            operate(&shop, add).await.unwrap()
        });
    }
    assert_eq!(adding.join_all().await, [1; 100]);
    assert_eq!(place.number("SELECT stock FROM items"), 105);
}

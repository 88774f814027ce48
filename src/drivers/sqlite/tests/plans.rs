//! How SQLite goes about our statements.

use rusqlite::Connection;

use super::super::list;
use super::Place;

fn migrated(place: &Place) -> Connection {
    drop(place.open());
    Connection::open(place.path()).unwrap()
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut steps = explain.raw_query();
    let mut told = Vec::new();
    while let Some(step) = steps.next().unwrap() {
        told.push(step.get("detail").unwrap());
    }
    told
}

/// Every look at jobs is a search of an index, whatever the optimiser thinks of empty tables.
#[test]
fn no_statement_walks_the_backlog() {
    let place = Place::new();
    let connection = migrated(&place);
    for sql in [
        super::super::push::COMPARE,
        &super::super::standing::STANDING,
        super::super::standing::KEY_HOLDER,
        super::super::retry::RETURN_FAILED,
        super::super::forget::PURGE_PENDING,
        super::super::forget::PURGE_DELAYED,
        super::super::reserve::FRONT,
        super::super::reserve::TAKE,
        super::super::entry::EARLIEST,
        super::super::promote::DUE,
        super::super::promote::LEAVE,
        super::super::hasten::LEAVE,
        super::super::notes::READ,
        super::super::notes::READ_BACK,
        super::super::notes::ERASE,
        super::super::notes::EXPIRE,
        super::super::settle::FAIL,
        super::super::settle::LAST_SETTLED,
        super::super::place::LEAVE_PENDING,
        super::super::lease::RETIRE,
        super::super::prune::PRUNE,
        super::super::prune::PRUNE_TRAILS,
        super::super::ends::OLDEST,
        super::super::ends::AT,
        super::super::prune::PRUNE_FAILED,
        &super::super::inspector::FIND,
    ] {
        for step in plan(&connection, sql) {
            let is_bounded = step.contains("CONSTANT ROW") || step.contains("json_each");
            assert!(!step.starts_with("SCAN") || is_bounded, "{sql}: {step}");
        }
    }
}

/// R29, R51: a page costs what is on it: it is a range of an index, found by its bounds and read in its order.
#[test]
fn a_page_is_a_range_of_an_index() {
    let place = Place::new();
    let connection = migrated(&place);
    // Ended jobs have only their time as a bound: those that ended in one moment are at most one transaction's.
    let pages: [(&str, &str); 4] = [
        (&list::PENDING, "PRIMARY KEY (queue=? AND priority=? AND position>?)"),
        (&list::DELAYED, "PRIMARY KEY (queue=? AND (available_at,position)>(?,?))"),
        (super::super::ends::BEFORE, "queue_ends_by_time (queue=? AND state=? AND ended_at<?)"),
        (&list::FAILED, "queue_failed_jobs_by_age (queue=? AND failed_at<?)"),
    ];
    for (sql, range) in pages {
        let steps = plan(&connection, sql);
        let is_by_id = |step: &String| step.contains("USING INTEGER PRIMARY KEY (rowid=?)");
        assert!(steps[0].ends_with(range) && steps[1..].iter().all(is_by_id), "{sql}: {steps:?}");
    }
}

/// R40: a purge of one priority goes straight to its jobs.
#[test]
fn a_purge_is_a_range_of_an_index() {
    use super::super::forget::{PURGE_DELAYED, PURGE_PENDING};
    let place = Place::new();
    let connection = migrated(&place);
    for (sql, index) in [(PURGE_PENDING, "PRIMARY KEY"), (PURGE_DELAYED, "queue_delayed_by_priority")] {
        let steps = plan(&connection, sql).join("; ");
        assert!(steps.contains(&format!("{index} (queue=? AND priority=?)")), "{sql}: {steps}");
        assert!(!steps.contains("ORDER BY"), "{sql}: {steps}");
    }
}

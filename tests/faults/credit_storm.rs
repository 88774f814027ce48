//! R42: many purchases by few users while workers are killed: at the end each is credited once, to the right account.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use journeyman::job::Amount;
use serde_json::json;

use crate::support::http::Api;
use crate::support::process::{Home, Process};
use crate::support::{mariadb, postgres, until};
use crate::tables::place::Place;

const USERS: usize = 50;
const CLIENTS: usize = 8;
const WORKERS: usize = 4;
/// Workers killed in each run, evenly over its length.
const KILLS: usize = 20;
/// Longest that a run may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn r42_ten_thousand_purchases_are_exact_though_workers_are_killed_sqlite() {
    let home = Home::sqlite();
    let place = Place::Sqlite { path: home.path().join("data/app.db"), _dir: None };
    storm(home, &place, 10_000);
}

#[test]
fn r42_purchases_are_exact_though_workers_are_killed_redis_and_postgres() {
    let url = postgres::shared().fresh_url();
    storm(Home::redis().with("TABLES_URL", &url), &Place::Postgres(url), 2_000);
}

#[test]
fn r42_purchases_are_exact_though_workers_are_killed_redis_and_mariadb() {
    let url = mariadb::shared().fresh_url();
    storm(Home::redis().with("TABLES_URL", &url), &Place::MariaDb(url), 2_000);
}

fn storm(home: Home, place: &Place, purchases: usize) {
    // A job that a dozen killed workers had in hand at that moment is no poison.
    let home = home.with_short_lease().with("JOURNEYMAN_WORKER_MAX_CRASHES", "1000");
    home.ok(&["migrate", "--examples"]);
    let server = home.serve(&["--no-worker"]);
    let api = server.api;
    let mut workers: Vec<Process> = (0..WORKERS).map(|_| start(&home)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let next = &next;
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= purchases {
                        return;
                    }
                    // Some clients lose the answer and ask again.
                    for _ in 0..=usize::from(number.is_multiple_of(10)) {
                        purchase(api, number);
                    }
                }
            });
        }
        for kill in 0..KILLS {
            let so_far = purchases * kill / KILLS;
            until("the work goes on", PATIENCE, || (processed(api) >= so_far).then_some(()));
            let victim = &mut workers[kill % WORKERS];
            victim.kill();
            *victim = start(&home);
        }
    });
    let metrics = until("every purchase has ended", PATIENCE, || {
        let metrics = api.metrics();
        (metrics["processed"] == metrics["enqueued"]).then_some(metrics)
    });
    assert_eq!(metrics["failed"], 0, "{metrics}");
    assert!(metrics["enqueued"].as_u64().unwrap() >= purchases as u64, "{metrics}");

    let mut expected: BTreeMap<usize, i64> = BTreeMap::new();
    (0..purchases).for_each(|number| *expected.entry(number % USERS).or_default() += units(number));
    for (user, units) in expected {
        let balance = place.number(&format!("SELECT balance FROM accounts WHERE user_id = 'user{user}'"));
        assert_eq!(balance, units, "user{user}");
    }
    assert_eq!(place.number("SELECT count(*) FROM credit_transactions"), i64::try_from(purchases).unwrap());
    assert_eq!(
        place.number("SELECT count(DISTINCT transaction_id) FROM credit_transactions"),
        i64::try_from(purchases).unwrap()
    );
    // Each line tells the balance that it left, so no two lines of a user were written from the same balance.
    let torn = "SELECT count(*) FROM (SELECT user_id, balance FROM credit_transactions GROUP BY user_id, balance \
                HAVING count(*) > 1) torn";
    assert_eq!(place.number(torn), 0);
    let wrong = "SELECT count(*) FROM accounts WHERE balance <> (SELECT sum(amount) FROM credit_transactions \
                 WHERE credit_transactions.user_id = accounts.user_id)";
    assert_eq!(place.number(wrong), 0);
}

fn start(home: &Home) -> Process {
    home.start(&["work", "--workers", "5"])
}

fn processed(api: Api) -> usize {
    usize::try_from(api.metrics()["processed"].as_u64().unwrap()).unwrap()
}

/// Never round, so that a float anywhere would show.
fn units(number: usize) -> i64 {
    i64::try_from(number % 97 * 1000 + number % 7 + 1).unwrap()
}

fn purchase(api: Api, number: usize) {
    let body = json!({
        "user_id": format!("user{}", number % USERS),
        "amount": Amount::from_units(units(number)).to_string(),
        "currency": "USD",
        "transaction_id": format!("txn_{number}"),
    });
    let answer = api.post_to("/api/queue/example/credit-purchase", &body.to_string()).unwrap();
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
}

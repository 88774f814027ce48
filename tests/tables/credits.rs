//! The books: each transaction once, each balance what its transactions make it.

use std::sync::Arc;

use journeyman::job::credits::{CreditLedger, Posting, PostingKind, Registration};
use journeyman::job::{Amount, ErrorKind};
use journeyman::tables::{Location, Tables, TablesOptions};
use serde_json::json;

use super::place::Place;
use super::{job, on_each_database};

on_each_database!(
    r42_a_transaction_id_counts_once_and_answers_the_same,
    r42_the_same_id_with_another_body_is_refused_for_good_and_changes_nothing,
    r42_a_charge_beyond_the_balance_is_refused_and_leaves_no_trace,
    r42_concurrent_postings_of_two_processes_add_up,
    r42_one_id_for_two_users_at_once_counts_for_one_of_them,
    r42_a_user_is_registered_once_with_one_opening_balance,
    r57_a_calculation_tells_what_was_bought_and_used_and_is_kept_once,
    r42_the_database_itself_refuses_a_balance_that_is_wrong,
);

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

/// R42: a second run of a job finds its transaction and changes nothing.
async fn r42_a_transaction_id_counts_once_and_answers_the_same(place: &Place) {
    let tables = place.tables("").await;
    let first = tables.post(&posting("txn_1", "ada", 100, Some("USD"))).await.unwrap();
    tables.post(&posting("txn_2", "ada", -30, None)).await.unwrap();
    let again = tables.post(&posting("txn_1", "ada", 100, Some("USD"))).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(serde_json::to_value(&first).unwrap()["balance"], json!(100));
    assert_eq!(place.number("SELECT balance FROM accounts WHERE user_id = 'ada'"), 70 * Amount::UNIT);
    assert_eq!(place.number("SELECT count(*) FROM credit_transactions"), 2);
}

/// R42: the id alone does not make it the same.
async fn r42_the_same_id_with_another_body_is_refused_for_good_and_changes_nothing(place: &Place) {
    let tables = place.tables("").await;
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
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 1);
    assert_eq!(place.number("SELECT sum(balance) FROM accounts"), 100 * Amount::UNIT);
}

/// R42: what is not there cannot be taken; the same may be asked for again once it is.
async fn r42_a_charge_beyond_the_balance_is_refused_and_leaves_no_trace(place: &Place) {
    let tables = place.tables("").await;
    let charge = posting("txn_1", "ada", -1, None);
    let error = tables.post(&charge).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Fatal, "amount: 1 cannot be taken from ada, who has 0"));
    assert_eq!(place.number("SELECT count(*) FROM accounts"), 0);
    tables.post(&posting("txn_2", "ada", 1, Some("USD"))).await.unwrap();
    assert_eq!(tables.post(&charge).await.unwrap().balance, Amount::ZERO);
}

/// R42: many at once, through two handles as two processes have them, each transaction posted by both.
async fn r42_concurrent_postings_of_two_processes_add_up(place: &Place) {
    let handles = [place.tables("").await, place.tables("").await].map(Arc::new);
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
    assert_eq!(place.number("SELECT count(*) FROM credit_transactions"), 400);
    assert_eq!(place.number("SELECT sum(balance) FROM accounts"), (1..=400).sum::<i64>() * Amount::UNIT);
    let wrong = "SELECT count(*) FROM accounts a WHERE balance <> (SELECT sum(amount) FROM credit_transactions t \
                 WHERE t.user_id = a.user_id)";
    assert_eq!(place.number(wrong), 0);
}

async fn r42_a_user_is_registered_once_with_one_opening_balance(place: &Place) {
    let tables = place.tables("").await;
    tables.post(&posting("txn_1", "ada", 5, Some("USD"))).await.unwrap();
    for _ in 0..2 {
        tables.register(&registration("ada", "ada@example.org", 10)).await.unwrap();
        tables.register(&registration("bob", "bob@example.org", 0)).await.unwrap();
    }
    assert_eq!(place.number("SELECT balance FROM accounts WHERE user_id = 'ada'"), 15 * Amount::UNIT);
    for (other, field) in [
        (registration("ada", "other@example.org", 10), "user_id"),
        (registration("ada", "ada@example.org", 11), "transaction_id"),
        (registration("bob", "bob@example.org", 1), "user_id"),
        (registration("eve", "bob@example.org", 0), "email"),
    ] {
        let error = tables.register(&other).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Fatal && error.message().starts_with(field), "{error}");
    }
    assert_eq!(place.number("SELECT count(*) FROM users"), 2);
    assert_eq!(place.number("SELECT count(*) FROM credit_transactions WHERE kind = 'opening'"), 1);
}

async fn r57_a_calculation_tells_what_was_bought_and_used_and_is_kept_once(place: &Place) {
    let tables = place.tables("").await;
    tables.post(&posting("txn_1", "ada", 100, Some("USD"))).await.unwrap();
    tables.post(&posting("txn_2", "ada", -30, None)).await.unwrap();
    let (job, ada) = (job(), "ada".to_owned().try_into().unwrap());
    let first = serde_json::to_value(tables.calculate(&ada, job).await.unwrap()).unwrap();
    assert_eq!(first, json!({"user_id": "ada", "total_purchased": 100, "total_used": 30, "credit_score": 70}));
    tables.post(&posting("txn_3", "ada", 1, Some("USD"))).await.unwrap();
    assert_eq!(serde_json::to_value(tables.calculate(&ada, job).await.unwrap()).unwrap(), first);
    assert_eq!(place.number("SELECT count(*) FROM credit_calculations"), 1);
}

/// R42: whatever the code above it does.
async fn r42_the_database_itself_refuses_a_balance_that_is_wrong(place: &Place) {
    place.tables("").await.post(&posting("txn_1", "ada", 1, Some("USD"))).await.unwrap();
    for wrong in ["balance = -1", "balance = balance + 1", "used = -1, balance = balance + 1"] {
        assert!(!place.takes(&format!("UPDATE accounts SET {wrong}")), "{wrong}");
    }
    assert!(place.takes("UPDATE accounts SET purchased = purchased + 1, balance = balance + 1"));
}

/// R42: the accounts are two, so no lock keeps them apart; the ledger's key does.
async fn r42_one_id_for_two_users_at_once_counts_for_one_of_them(place: &Place) {
    let tables = place.tables("").await;
    for round in 0..20 {
        let id = format!("txn_{round}");
        let (ada, bob) = (posting(&id, "ada", 1, Some("USD")), posting(&id, "bob", 1, Some("USD")));
        let (ada, bob) = tokio::join!(tables.post(&ada), tables.post(&bob));
        let refused = [ada.err(), bob.err()].into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(refused.iter().map(|error| error.kind()).collect::<Vec<_>>(), [ErrorKind::Fatal], "{refused:?}");
    }
    assert_eq!(place.number("SELECT sum(balance) FROM accounts"), 20 * Amount::UNIT);
}

/// R42: trouble with the file is no fault of the job.
#[tokio::test]
async fn r42_a_file_that_cannot_be_reached_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("blocked");
    std::fs::write(&blocked, "").unwrap();
    let tables = Tables::new(TablesOptions {
        location: Location::File(blocked.join("app.db")),
        allow: journeyman::config::AllowList::default(),
        connections: 1,
        timeout: std::time::Duration::from_secs(5),
    });
    let error = tables.post(&posting("txn_1", "ada", 1, Some("USD"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Error, "{error}");
    std::fs::remove_file(&blocked).unwrap();
    tables.post(&posting("txn_1", "ada", 1, Some("USD"))).await.unwrap();
}

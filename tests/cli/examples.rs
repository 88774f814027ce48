//! R41, R57: the credit examples through the real binary, the tables beside whatever keeps the jobs.

use serde_json::{Value, json};

use crate::support::http::{Answer, Api};
use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(r41_the_credit_examples_do_what_they_say,);

fn post(api: Api, name: &str, body: &Value) -> Answer {
    let answer = api.post_to(&format!("/api/queue/example/{name}"), &body.to_string()).unwrap();
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer
}

fn result(api: Api, answer: &Answer) -> Value {
    api.until(answer.json()["task_id"].as_str().unwrap(), "completed")["result"].clone()
}

fn r41_the_credit_examples_do_what_they_say(home: &Home) {
    // Of a file of our own it is no news; a server's database is the application's, and nothing appears there unasked.
    home.ok(&["migrate", "--examples"]);
    let server = home.serve(&[]);
    let api = server.api;
    let user = json!({"user_id": "user123", "email": "user@example.com", "credit_balance": 1.5});
    let registered = post(api, "user-registration", &user);
    assert_eq!(registered.json()["queue_name"], "default");
    assert_eq!(result(api, &registered), json!({"user_id": "user123", "credit_balance": 1.5}));

    let purchase = json!({"user_id": "user123", "amount": 100, "currency": "USD", "transaction_id": "txn_456"});
    let bought = post(api, "credit-purchase", &purchase);
    let told = bought.json();
    assert_eq!(
        (bought.status, &told["queue_name"], &told["task_type"]),
        (201, &json!("high_priority"), &json!("credit_purchase"))
    );
    assert_eq!(
        bought.header("location"),
        Some(format!("/api/queue/status/{}", told["task_id"].as_str().unwrap()).as_str())
    );
    let credited = json!({"transaction_id": "txn_456", "user_id": "user123", "amount": 100, "balance": 101.5});
    assert_eq!(result(api, &bought), credited);
    // The client asks again, having lost the answer: nothing more is credited, and it is told the same.
    let again = post(
        api,
        "credit-purchase",
        &json!({"user_id": "user123", "amount": "100.00", "currency": "USD", "transaction_id": "txn_456"}),
    );
    assert_eq!(result(api, &again), credited);

    let used = post(api, "credit-update", &json!({"user_id": "user123", "amount": -1.25, "transaction_id": "txn_457"}));
    assert_eq!(result(api, &used)["balance"], 100.25);
    let id = api.enqueue("credit_calculation", json!({"user_id": "user123"}));
    let score = json!({"user_id": "user123", "total_purchased": 101.5, "total_used": 1.25, "credit_score": 100.25});
    assert_eq!(api.until(&id, "completed")["result"], score);

    let beyond =
        post(api, "credit-update", &json!({"user_id": "user123", "amount": -500, "transaction_id": "txn_458"}));
    let failed = api.until(beyond.json()["task_id"].as_str().unwrap(), "failed");
    assert_eq!((&failed["attempts"], &failed["error"]["kind"]), (&json!(1), &json!("fatal")), "{failed}");
}

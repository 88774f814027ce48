//! R22–R24, R37, R40: the same work once, the same operation once, many at once.

use serde_json::{Value, json};

use super::{enqueue, id_of};
use crate::support::on_each_store;
use crate::support::process::Home;

on_each_store!(
    r23_the_same_work_is_queued_once_until_it_has_ended,
    r24_an_operation_id_makes_a_dispatch_idempotent,
    r22_a_batch_is_stored_whole_or_not_at_all,
);

fn r23_the_same_work_is_queued_once_until_it_has_ended(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    for key in ["order-17", "auto"] {
        let body = json!({"task_type": "echo", "task_data": {"value": 1}, "deduplication_key": key});
        let first = enqueue(server.api, &body);
        let again = server.api.post(&body.to_string());
        assert_eq!((again.status, &again.json()["deduplicated"]), (200, &json!(true)), "{again:?}");
        assert_eq!(id_of(&again), first);
        let elsewhere =
            json!({"queue_name": "other", "task_type": "echo", "task_data": {"value": 1}, "deduplication_key": key});
        assert_ne!(enqueue(server.api, &elsewhere), first, "another queue has locks of its own");
        home.ok(&["work", "--stop-when-empty"]);
        assert_ne!(enqueue(server.api, &body), first, "it has ended");
        home.ok(&["work", "--stop-when-empty"]);
    }
    let two = [json!({"value": 1}), json!({"value": 2})]
        .map(|data| enqueue(server.api, &json!({"task_type": "echo", "task_data": data, "deduplication_key": "auto"})));
    assert_ne!(two[0], two[1], "two payloads are two works");
}

fn r24_an_operation_id_makes_a_dispatch_idempotent(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    for id in ["7d444840-9dc0-41d1-b245-5ffdce74fad2", "0198c0de-7a11-7000-8000-00000000abcd"] {
        let body = json!({"task_type": "echo", "task_data": {"value": 1}, "operation_id": id});
        assert_eq!(enqueue(server.api, &body), id);
        let again = server.api.post(&body.to_string());
        assert_eq!((again.status, id_of(&again)), (200, id.to_owned()), "{again:?}");
        let mut other = body.clone();
        other["task_data"]["value"] = json!(2);
        let mut elsewhere = body.clone();
        elsewhere["queue_name"] = json!("other");
        for conflicting in [other, elsewhere] {
            let answer = server.api.post(&conflicting.to_string());
            assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("operation_id_taken")), "{answer:?}");
        }
        home.ok(&["work", "--stop-when-empty"]);
        let ended = server.api.post(&body.to_string());
        assert_eq!((ended.status, &ended.json()["status"]), (200, &json!("completed")), "{ended:?}");
    }
    assert_eq!(server.api.metrics()["processed"], 2);
}

fn r22_a_batch_is_stored_whole_or_not_at_all(home: &Home) {
    let server = home.serve(&["--no-worker"]);
    let batch = |tasks: Value| server.api.send("POST", "/api/queue/enqueue/batch", &json!({"tasks": tasks}));
    let good = json!([
        {"task_type": "echo", "task_data": {"value": 0}},
        {"task_type": "echo", "task_data": {"value": 1}, "queue_name": "other"},
        {"task_type": "echo", "task_data": {"value": 2}, "delay": 600},
    ]);
    let answer = batch(good.clone());
    assert_eq!(answer.status, 201, "{answer:?}");
    let results = answer.json()["results"].as_array().unwrap().clone();
    assert_eq!(results.len(), 3);
    for (n, result) in results.iter().enumerate() {
        assert_eq!(server.api.status(result["task_id"].as_str().unwrap())["task_data"]["value"], n, "{result}");
    }
    let mut bad = good;
    bad[1] = json!({"task_type": "no_such_type"});
    bad[2]["priority"] = json!("urgent");
    let answer = batch(bad);
    assert_eq!(answer.status, 422, "{answer:?}");
    let pointers: Vec<String> =
        answer.json()["errors"].as_array().unwrap().iter().map(|error| error["pointer"].to_string()).collect();
    assert!(pointers.iter().any(|at| at.contains("/tasks/1/task_type")), "{pointers:?}");
    assert!(pointers.iter().any(|at| at.contains("/tasks/2/priority")), "{pointers:?}");
    assert_eq!(server.api.metrics()["enqueued"], 3, "nothing of it was stored");
}

//! A failed job tried again with another payload.

use journeyman::http::Builtins;
use journeyman::job::prelude::*;
use journeyman::job::secret::{KeyRing, install_keys};
use journeyman::job::{JobId, Secret};
use serde_json::{Value, json};

use super::super::api::{Answer, Api, anything, on_every_store};
use super::failed;

/// Takes a secret.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Login {
    user: String,
    token: Secret<String>,
}

#[job(name = "v1_login")]
impl Job for Login {
    async fn handle(&self, _: &JobContext) -> JobResult {
        Ok(Outcome::done())
    }
}

/// The ring of this whole test process; other tests name the same one.
pub fn keys() {
    install_keys(&KeyRing::parse("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()).unwrap();
}

on_every_store!(
    a_new_job_takes_over_all_but_the_payload,
    a_payload_that_does_not_fit_is_refused_by_its_place,
    what_another_job_does_already_is_not_enqueued,
);

async fn retry(api: &Api, id: JobId, data: Value) -> Answer {
    api.post_to(&format!("/api/v1/jobs/{id}/retry"), json!({"task_data": data}).to_string()).await
}

fn order(count: &Value) -> Value {
    json!({"customer": "ada", "items": [{"count": count}]})
}

async fn a_new_job_takes_over_all_but_the_payload(api: Api) {
    let options = json!({
        "task_type": "http_order", "task_data": order(&json!(1)), "queue_name": "special", "priority": "high",
        "tags": ["billing"], "timeout": 7.5, "on_success": "http_tagged", "on_failure": "https://example.org/done",
        "retry_config": {"strategy": "custom", "delays": [3, 4], "max_attempts": 9, "timeout": 100},
    });
    let old = failed(&api, &options, "no").await;
    let answer = retry(&api, old, order(&json!(2))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = answer.json();
    let new: JobId = body["task_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(body, json!({"task_id": new, "retried_from": old}));
    assert_eq!(answer.header("location"), format!("/api/v1/jobs/{new}"));
    assert_eq!(api.status(old).await["status"], "failed");
    let (was, is) = (api.status(old).await, api.status(new).await);
    for member in ["queue_name", "task_type", "tags", "priority", "max_tries"] {
        assert_eq!(was[member], is[member], "{member}");
    }
    assert_eq!((&is["status"], &is["task_data"]), (&json!("pending"), &order(&json!(2))));
    // What a status does not show is stored all the same.
    let options_of = async |id: JobId| {
        let journeyman::queue::Found::Here(record) = journeyman::queue::Inspector::find(&*api.store, id).await.unwrap()
        else {
            panic!("it is there")
        };
        journeyman::queue::Body::read(&record.body).unwrap().options
    };
    assert_eq!(options_of(old).await, options_of(new).await);
}

async fn a_payload_that_does_not_fit_is_refused_by_its_place(api: Api) {
    let body = json!({"task_type": "http_order", "task_data": order(&json!(1)), "queue_name": "q"});
    let old = failed(&api, &body, "no").await;
    let before = api.stored().await;
    for (data, pointer) in [
        (order(&json!("two")), "/task_data/items/0/count"),
        (json!({"items": []}), "/task_data/customer"),
        (json!([]), "/task_data"),
        (json!(null), "/task_data"),
        (json!({"customer": "x".repeat(1024 * 1024), "items": []}), "/task_data"),
    ] {
        let pointers = retry(&api, old, data.clone()).await.pointers();
        assert_eq!(pointers, [pointer], "{}", data.to_string().chars().take(100).collect::<String>());
    }
    assert_eq!(api.stored().await, before);
    let waiting = api.enqueue(&anything(json!({}))).await;
    retry(&api, waiting, json!({})).await.problem(409, "wrong_state");
}

async fn what_another_job_does_already_is_not_enqueued(api: Api) {
    let unique = json!({"task_type": "http_anything", "deduplication_key": "k"});
    let old = failed(&api, &unique, "no").await;
    api.enqueue(&unique).await;
    // The key was the caller's, and is not kept with the job: the new one has none.
    assert_eq!(retry(&api, old, json!({"value": 1})).await.status, 201);
}

#[tokio::test]
async fn r12_what_is_shown_in_place_of_a_secret_is_not_taken_for_one() {
    keys();
    let api = Api::new();
    let old =
        failed(&api, &json!({"task_type": "v1_login", "task_data": {"user": "ann", "token": "hunter2"}}), "no").await;
    let shown = api.status(old).await["task_data"].clone();
    assert_eq!(shown, json!({"user": "ann", "token": "[secret]"}));
    let refused = retry(&api, old, shown).await;
    assert_eq!(refused.pointers(), ["/task_data/token"]);
    assert!(refused.json()["detail"].as_str().unwrap().contains("in place of a secret"), "{refused:?}");
    let answer = retry(&api, old, json!({"user": "ann", "token": "hunter3"})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let new = answer.json()["task_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(api.status(new).await["task_data"]["token"], "[secret]");
    // A payload that holds no secret may hold that word.
    let plain = failed(&api, &anything(json!({"queue_name": "q"})), "no").await;
    assert_eq!(retry(&api, plain, json!({"value": "[secret]"})).await.status, 201);
}

/// Retrying is no way around what callers may not enqueue.
#[tokio::test]
async fn r45_a_type_that_callers_may_not_enqueue_takes_no_other_payload() {
    let api = Api::with(|state| state.builtins = Builtins { webhook: true, database_operation: true });
    let old =
        failed(&api, &json!({"task_type": "webhook", "task_data": {"url": "https://example.org/", "body": 1}}), "no")
            .await;
    assert_eq!(retry(&api, old, json!({"url": "https://example.org/other", "body": 1})).await.status, 201);
    let closed = api.changed(|_| {});
    let refused = retry(&closed, old, json!({"url": "https://10.0.0.1/", "body": 1})).await;
    assert_eq!(refused.pointers(), [""]);
    assert!(refused.json()["detail"].as_str().unwrap().contains("webhook"), "{refused:?}");
}

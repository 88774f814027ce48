//! R35, P13: a store that fails is told apart from a caller who does.

use journeyman::job::{JobId, QueueName};
use journeyman::queue::StoreError;
use serde_json::json;

use super::api::{Api, anything};
use super::faulty::Fault;

#[tokio::test]
async fn every_way_the_store_fails_has_its_code_on_every_route() {
    let api = Api::new();
    let id = JobId::generate(&QueueName::default());
    let reads = [format!("/api/queue/status/{id}"), "/api/queue/stats".into(), "/api/queue/stats/default".into()];
    let text = "secret://10.1.2.3".to_owned();
    for (error, status, code) in [
        (StoreError::Unavailable(text.clone()), 503, "store_unavailable"),
        (StoreError::Unknown(text.clone()), 503, "store_timeout"),
        (StoreError::Full(text.clone()), 503, "store_full"),
        (StoreError::Refused(text.clone()), 500, "store_refused"),
    ] {
        api.store.break_with(Fault::Fails(error));
        for path in &reads {
            let problem = api.get(path).await.problem(status, code);
            assert!(!problem.to_string().contains("10.1.2.3"), "{problem}");
        }
        let problem = api.post(anything(json!({})).to_string()).await.problem(status, code);
        assert!(!problem.to_string().contains("10.1.2.3"), "{problem}");
        let may_be_stored = problem["detail"] == "the job may or may not be stored";
        assert_eq!(may_be_stored, code == "store_timeout", "{problem}");
    }
}

#[tokio::test]
async fn a_body_at_fault_is_told_so_even_while_the_store_is_away() {
    let api = Api::new();
    api.store.break_with(Fault::Fails(StoreError::Unavailable("away".into())));
    assert_eq!(api.post(r#"{"task_type":"unheard_of"}"#).await.pointers(), ["/task_type"]);
}

#[tokio::test]
async fn a_handler_that_panics_is_a_500_that_gives_nothing_away() {
    let api = Api::new();
    api.store.break_with(Fault::Panics);
    let problem = api.get("/api/queue/stats").await.problem(500, "internal");
    assert!(!problem.to_string().contains("panicked"), "{problem}");
    api.store.mend();
    assert_eq!(api.get("/api/queue/stats").await.status, 200);
}

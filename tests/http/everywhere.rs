//! R44: what holds for every request, wherever it goes.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use uuid::Uuid;

use super::api::{Answer, Api, anything};

async fn get_with_id(api: &Api, path: &str, id: &str) -> Answer {
    api.send(Request::get(path).header("x-request-id", id).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_named_with_its_method() {
    let api = Api::new();
    for (method, path) in [
        (Method::GET, "/nowhere"),
        (Method::POST, "/api/queue"),
        (Method::DELETE, "/api/queue/status/"),
        (Method::GET, "/docs/x"),
    ] {
        let problem = api.request(method.clone(), path).await.problem(404, "route_not_found");
        if !path.starts_with("/docs") {
            assert!(problem["detail"].as_str().unwrap().starts_with(&format!("{method} {path} ")), "{problem}");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_those_that_are_right() {
    let api = Api::new();
    for (method, path, allow) in [
        (Method::GET, "/api/queue/enqueue", "POST"),
        (Method::OPTIONS, "/api/queue/enqueue", "POST"),
        (Method::POST, "/api/queue/stats", "GET,HEAD"),
        (Method::DELETE, "/api/queue/status/1", "GET,HEAD"),
        (Method::PUT, "/live", "GET,HEAD"),
        (Method::POST, "/openapi.json", "GET,HEAD"),
        (Method::POST, "/docs/", "GET,HEAD"),
    ] {
        let answer = api.request(method.clone(), path).await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let api = Api::new();
    let id = api.enqueue(&anything(json!({}))).await;
    for path in ["/live", "/ready", "/api/queue/stats", &format!("/api/queue/status/{id}"), "/openapi.json"] {
        let (head, get) = (api.request(Method::HEAD, path).await, api.get(path).await);
        assert_eq!((head.status, head.header("content-type")), (get.status, get.header("content-type")), "{path}");
        assert!(head.body.is_empty(), "{path}");
    }
    let unknown = api.request(Method::HEAD, "/api/queue/status/1").await;
    assert_eq!((unknown.status.as_u16(), unknown.body.len()), (422, 0));
    let nowhere = api.request(Method::HEAD, "/nowhere").await;
    assert_eq!((nowhere.status.as_u16(), nowhere.header("content-type")), (404, "application/problem+json"));
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_takes_over_a_good_one() {
    let api = Api::new();
    for path in ["/live", "/nowhere", "/api/queue/status/1", "/openapi.json", "/docs/"] {
        assert_eq!(get_with_id(&api, path, "order-7.a_B").await.header("x-request-id"), "order-7.a_B", "{path}");
        for bad in ["", "a b", "a/b", &"x".repeat(129)] {
            let given = get_with_id(&api, path, bad).await.header("x-request-id").to_owned();
            assert!(given.parse::<Uuid>().is_ok(), "{path} {bad:?} {given}");
        }
        assert_eq!(api.get(path).await.header("x-content-type-options"), "nosniff");
    }
    let (first, second) = (api.get("/live").await, api.get("/live").await);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(get_with_id(&api, "/nowhere", "mine").await.problem(404, "route_not_found")["request_id"], "mine");
}

#[tokio::test]
async fn api_answers_are_not_to_be_kept() {
    let api = Api::new();
    for path in ["/live", "/ready", "/api/queue/stats"] {
        assert_eq!(api.get(path).await.header("cache-control"), "no-store", "{path}");
    }
}

/// R47: as a library the API is a router to nest.
#[tokio::test]
async fn the_api_can_be_nested_under_another_router() {
    let api = Api::new();
    let outer = axum::Router::new().nest("/jobs", api.router.clone());
    let nested = Api { router: outer, ..api };
    assert_eq!(nested.get("/jobs/live").await.status, 200);
    assert_eq!(nested.get("/jobs/docs").await.header("location"), "docs/");
    nested.get("/jobs/nowhere").await.problem(404, "route_not_found");
    let request = Request::post("/jobs/api/queue/enqueue").header("content-type", "application/json");
    let stored = nested.send(request.body(Body::from(anything(json!({})).to_string())).unwrap()).await;
    let location = stored.header("location");
    assert!(location.starts_with("/jobs/api/queue/status/"), "{location}");
    assert_eq!(nested.get(location).await.status, 200);
}

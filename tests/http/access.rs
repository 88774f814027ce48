//! R45: who may ask. Every route of the description is tried with every kind of key.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use journeyman::access::{ApiKey, Keys, Scope, Scopes};
use journeyman::clock::Clock;
use journeyman::http::{Access, Edge, EdgeOptions, openapi};
use serde_json::{Value, json};

use super::api::{Answer, Api, anything};

/// A key and its text; `byte` tells it from others.
fn key(name: &str, scope: Scope, byte: u8) -> (String, ApiKey) {
    ApiKey::generate(name, Scopes::new(&[scope]).unwrap(), None, [byte; 32]).unwrap()
}

fn guarded(access: Access) -> Api {
    Api::with(|state| {
        state.edge = Edge::new(EdgeOptions { access, ..EdgeOptions::default() });
        // The description has every route there can be.
        state.examples = true;
    })
}

async fn ask(api: &Api, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request.header("content-type", "application/json").body(Body::from("{}")).unwrap()).await
}

async fn with_key(api: &Api, method: &str, path: &str, key: &str) -> Answer {
    ask(api, method, path, &[("authorization", &format!("Bearer {key}"))]).await
}

/// Method, path with its parameters filled in, and the scope that the description names.
fn routes() -> Vec<(String, String, Option<Scope>)> {
    let document = openapi();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scope = operation["security"][0]["api_key"][0].as_str().map(|scope| scope.parse().unwrap());
            let filled = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
            routes.push((method.to_uppercase(), filled.collect::<Vec<_>>().join("/"), scope));
        }
    }
    routes
}

#[tokio::test]
async fn r45_every_route_takes_the_keys_whose_scope_it_names_and_no_others() {
    let made: Vec<_> =
        Scope::ALL.into_iter().zip(1..).map(|(scope, at)| (scope, key(scope.as_str(), scope, at))).collect();
    let keys = Keys::new(made.iter().map(|(_, (_, key))| key.clone()).collect()).unwrap();
    let api = guarded(Access::Keys(keys));
    let mut guarded = 0;
    for (method, path, needed) in routes() {
        let Some(needed) = needed else {
            if path == "/api/v1/me" {
                // Any key is good for it.
                ask(&api, &method, &path, &[]).await.problem(401, "key_required");
                for (_, (text, _)) in &made {
                    assert_eq!(with_key(&api, &method, &path, text).await.status, 200);
                }
                continue;
            }
            let answered = match (method.as_str(), path.as_str()) {
                ("GET", "/live" | "/ready") => 200,
                ("POST", "/api/v1/session") => 422,
                ("DELETE", "/api/v1/session") => 204,
                _ => panic!("{method} {path} is open"),
            };
            assert_eq!(ask(&api, &method, &path, &[]).await.status, answered, "{path}");
            continue;
        };
        guarded += 1;
        ask(&api, &method, &path, &[]).await.problem(401, "key_required");
        with_key(&api, &method, &path, "jmk_wrong").await.problem(401, "key_invalid");
        for (scope, (text, _)) in &made {
            let answer = with_key(&api, &method, &path, text).await;
            if *scope == needed || *scope == Scope::Admin {
                assert!(![401, 403].contains(&answer.status.as_u16()), "{scope} {method} {path}: {answer:?}");
            } else {
                let problem = answer.problem(403, "scope_missing");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains(&format!("scope {needed}")) && detail.contains(scope.as_str()), "{detail}");
            }
        }
    }
    assert!(guarded >= 4, "{guarded}");
}

#[tokio::test]
async fn r45_a_refusal_challenges_and_says_the_same_of_every_wrong_key() {
    let (text, kept) = key("ci", Scope::Read, 1);
    let api = guarded(Access::Keys(Keys::new(vec![kept]).unwrap()));
    let none = api.get("/api/queue/stats").await;
    assert_eq!(none.header("www-authenticate"), r#"Bearer realm="journeyman""#);
    let mut bodies = Vec::new();
    for wrong in ["x", "jmk_", &text[..67], &text.to_uppercase()] {
        let answer = with_key(&api, "GET", "/api/queue/stats", wrong).await;
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="journeyman", error="invalid_token""#);
        let mut problem = answer.problem(401, "key_invalid");
        problem["request_id"] = Value::Null;
        bodies.push(problem);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(with_key(&api, "GET", "/api/queue/stats", &text).await.status, 200);
}

#[tokio::test]
async fn r45_a_key_ends_at_its_time_and_when_it_is_taken_away() {
    let api = Api::new();
    let soon = api.clock.now().plus(Duration::from_secs(60));
    let (text, ending) = ApiKey::generate("ending", Scopes::ALL, Some(soon), [1; 32]).unwrap();
    let (other, lasting) = key("lasting", Scope::Read, 2);
    let keys = Keys::new(vec![ending, lasting]).unwrap();
    let api = guarded(Access::Keys(keys.clone()));
    assert_eq!(with_key(&api, "GET", "/api/queue/stats", &text).await.status, 200);
    api.clock.advance(Duration::from_secs(60));
    let problem = with_key(&api, "GET", "/api/queue/stats", &text).await.problem(401, "key_invalid");
    assert!(problem["detail"].as_str().unwrap().contains("expired"), "{problem}");
    assert_eq!(with_key(&api, "GET", "/api/queue/stats", &other).await.status, 200);
    keys.replace(Vec::new()).unwrap();
    with_key(&api, "GET", "/api/queue/stats", &other).await.problem(401, "key_invalid");
}

/// Nothing of a body is read for whom may not send one.
#[tokio::test]
async fn r45_a_stranger_learns_nothing_of_bodies_and_stores_nothing() {
    let api = guarded(Access::Keys(Keys::new(vec![key("ci", Scope::Read, 1).1]).unwrap()));
    api.post("not json").await.problem(401, "key_required");
    api.post(anything(json!({})).to_string()).await.problem(401, "key_required");
    let text = key("ci", Scope::Read, 1).0;
    let stats = with_key(&api, "GET", "/api/queue/stats", &text).await.json();
    assert_eq!(stats["metrics"]["enqueued"], 0);
}

#[tokio::test]
async fn r45_the_description_and_its_page_need_no_key() {
    let api = guarded(Access::Keys(Keys::default()));
    for path in ["/openapi.json", "/docs/", "/live", "/ready"] {
        assert_eq!(api.get(path).await.status, 200, "{path}");
    }
    api.get("/nowhere").await.problem(404, "route_not_found");
    api.request(Method::DELETE, "/api/queue/stats").await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn r45_without_keys_a_page_of_another_site_gets_nowhere() {
    let api = guarded(Access::Local { allowed_hosts: vec!["jobs.internal".into()] });
    for (path, host) in [("/api/queue/stats", "evil.example:8080"), ("/docs/", "evil.example"), ("/live", "10.0.0.1")] {
        let problem = ask(&api, "GET", path, &[("host", host)]).await.problem(403, "host_refused");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(host) && detail.contains("http.allowed_hosts"), "{detail}");
    }
    for host in ["localhost:8080", "127.0.0.1", "[::1]:1", "jobs.internal"] {
        assert_eq!(ask(&api, "GET", "/api/queue/stats", &[("host", host)]).await.status, 200, "{host}");
    }
    let own = ("host", "localhost:8080");
    for header in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        ask(&api, "POST", "/api/queue/enqueue", &[own, header]).await.problem(403, "cross_site");
    }
    let plain = Request::post("/api/queue/enqueue").header("host", "localhost").header("content-type", "text/plain");
    api.send(plain.body(Body::from("{}")).unwrap()).await.problem(415, "unsupported_media_type");
    let same = [own, ("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")];
    ask(&api, "POST", "/api/queue/enqueue", &same).await.problem(422, "validation_failed");
}

#[test]
fn r45_the_description_names_the_scheme_and_the_refusals() {
    let document = openapi();
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let responses = &operation["responses"];
            let expected: &[&str] = if operation.get("security").is_some() {
                &["401", "403", "429", "500", "503"]
            } else {
                &["403", "429"]
            };
            assert!(expected.iter().all(|status| responses[status].is_object()), "{operation}");
            assert!(responses["429"]["headers"]["Retry-After"].is_object(), "{operation}");
        }
    }
}

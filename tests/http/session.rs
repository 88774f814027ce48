//! R45: a browser's session is its key, and no page of another site can use it.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use journeyman::access::{ApiKey, Keys, Scope, Scopes};
use journeyman::clock::Clock;
use journeyman::http::{Access, Edge, EdgeOptions};
use serde_json::json;

use super::api::{Answer, Api};

fn with_keys(keys: Vec<ApiKey>) -> Api {
    let access = Access::Keys(Keys::new(keys).unwrap());
    Api::with(|state| state.edge = Edge::new(EdgeOptions { access, ..EdgeOptions::default() }))
}

async fn begin(api: &Api, key: &str, origin: &str) -> Answer {
    let request = Request::post("/api/v1/session").header("content-type", "application/json").header("origin", origin);
    api.send(request.body(Body::from(json!({"key": key}).to_string())).unwrap()).await
}

async fn ask(api: &Api, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn r45_a_key_that_is_shown_once_opens_what_it_is_good_for_and_nothing_else() {
    let (text, key) = ApiKey::generate("reader", Scopes::new(&[Scope::Read]).unwrap(), None, [1; 32]).unwrap();
    let api = with_keys(vec![key]);
    begin(&api, "jmk_wrong", "http://localhost:8080").await.problem(401, "key_invalid");
    let answer = begin(&api, &format!(" {text}\n"), "http://localhost:8080").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    let cookie = answer.header("set-cookie").to_owned();
    assert_eq!(cookie, format!("journeyman_key={text}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"));
    let over_tls = begin(&api, &text, "https://jobs.example").await;
    assert!(over_tls.header("set-cookie").ends_with("; Secure"));

    let session = ("cookie", cookie.split(';').next().unwrap());
    assert_eq!(ask(&api, Method::GET, "/api/queue/stats", &[session]).await.status, 200);
    let own = ("sec-fetch-site", "same-origin");
    ask(&api, Method::POST, "/api/queue/pause?queue_name=a", &[session, own]).await.problem(403, "scope_missing");
    // A header that is there counts alone, however it reads.
    let broken = ("authorization", "Basic x");
    ask(&api, Method::GET, "/api/queue/stats", &[session, broken]).await.problem(401, "key_required");
}

#[tokio::test]
async fn r45_a_session_changes_things_from_the_servers_own_pages_only() {
    let (text, key) = ApiKey::generate("operator", Scopes::ALL, None, [1; 32]).unwrap();
    let api = with_keys(vec![key]);
    let session = format!("journeyman_key={text}");
    let session = ("cookie", session.as_str());
    let pause = "/api/queue/pause?queue_name=mail";
    for others in
        [&[][..], &[("sec-fetch-site", "cross-site")], &[("sec-fetch-site", "same-site")], &[("origin", "null")]]
    {
        let headers: Vec<_> = [session].into_iter().chain(others.iter().copied()).collect();
        ask(&api, Method::POST, pause, &headers).await.problem(403, "cross_site");
    }
    let own = ask(&api, Method::POST, pause, &[session, ("sec-fetch-site", "same-origin")]).await;
    assert_eq!(own.status, 200, "{own:?}");
}

#[tokio::test]
async fn r45_a_session_ends_with_its_key_and_when_it_is_told_to() {
    let soon = Api::new().clock.now().plus(Duration::from_secs(60));
    let (text, key) = ApiKey::generate("ending", Scopes::ALL, Some(soon), [1; 32]).unwrap();
    let api = with_keys(vec![key]);
    let session = format!("journeyman_key={text}");
    let session = ("cookie", session.as_str());
    assert_eq!(ask(&api, Method::GET, "/api/queue/stats", &[session]).await.status, 200);
    api.clock.advance(Duration::from_secs(60));
    ask(&api, Method::GET, "/api/queue/stats", &[session]).await.problem(401, "key_invalid");
    begin(&api, &text, "http://localhost").await.problem(401, "key_invalid");

    let ended = ask(&api, Method::DELETE, "/api/v1/session", &[session]).await;
    assert_eq!(ended.status, 204);
    assert!(
        ended.header("set-cookie").starts_with("journeyman_key=; ") && ended.header("set-cookie").contains("Max-Age=0")
    );
}

#[tokio::test]
async fn a_server_without_keys_needs_no_session() {
    let answer = begin(&Api::new(), "anything", "http://localhost").await;
    assert_eq!(answer.status, 204);
    assert!(!answer.headers.contains_key("set-cookie"));
}

//! Every route of the description with every kind of key. What the table below does not name, nobody may add unseen.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use journeyman::access::{ApiKey, Keys, Scope, Scopes};
use journeyman::clock::Clock;
use journeyman::http::{Access, Edge, EdgeOptions, openapi};
use serde_json::{Value, json};

use crate::http::api::{Answer, Api, anything};

/// What a route asks of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Open,
    /// Any key.
    Key,
    Of(Scope),
}

impl Need {
    /// As the description says it.
    fn described(operation: &Value) -> Self {
        match operation["security"][0]["api_key"].as_array().map(Vec::as_slice) {
            None => Self::Open,
            Some([]) => Self::Key,
            Some([scope, ..]) => Self::Of(scope.as_str().unwrap().parse().unwrap()),
        }
    }
}

/// What each route asks for.
const ROUTES: &[(&str, Need)] = &[
    ("DELETE /api/queue/failed", Need::Of(Scope::Operate)),
    ("DELETE /api/queue/failed/{task_id}", Need::Of(Scope::Operate)),
    ("DELETE /api/queue/{queue_name}", Need::Of(Scope::Operate)),
    ("GET /api/queue/failed", Need::Of(Scope::Read)),
    ("GET /api/queue/jobs", Need::Of(Scope::Read)),
    ("GET /api/queue/stats", Need::Of(Scope::Read)),
    ("GET /api/queue/stats/{queue_name}", Need::Of(Scope::Read)),
    ("GET /api/queue/status/{task_id}", Need::Of(Scope::Read)),
    ("DELETE /api/v1/jobs/{task_id}", Need::Of(Scope::Operate)),
    ("GET /api/v1/jobs", Need::Of(Scope::Read)),
    ("GET /api/v1/jobs/{task_id}", Need::Of(Scope::Read)),
    ("GET /api/v1/jobs/{task_id}/explain", Need::Of(Scope::Read)),
    ("POST /api/v1/jobs", Need::Of(Scope::Enqueue)),
    ("POST /api/v1/jobs/{task_id}/cancel", Need::Of(Scope::Operate)),
    ("POST /api/v1/jobs/{task_id}/retry", Need::Of(Scope::Operate)),
    ("GET /live", Need::Open),
    ("GET /metrics", Need::Of(Scope::Read)),
    ("GET /ready", Need::Open),
    ("POST /api/queue/enqueue", Need::Of(Scope::Enqueue)),
    ("POST /api/queue/enqueue/batch", Need::Of(Scope::Enqueue)),
    ("POST /api/queue/example/credit-purchase", Need::Of(Scope::Enqueue)),
    ("POST /api/queue/example/credit-update", Need::Of(Scope::Enqueue)),
    ("POST /api/queue/example/user-registration", Need::Of(Scope::Enqueue)),
    ("POST /api/queue/failed/retry", Need::Of(Scope::Operate)),
    ("POST /api/queue/failed/{task_id}/retry", Need::Of(Scope::Operate)),
    ("POST /api/queue/jobs/{task_id}/cancel", Need::Of(Scope::Operate)),
    ("POST /api/queue/pause", Need::Of(Scope::Operate)),
    ("POST /api/queue/purge", Need::Of(Scope::Operate)),
    ("POST /api/queue/resume", Need::Of(Scope::Operate)),
    ("POST /api/queue/{queue_name}/pause", Need::Of(Scope::Operate)),
    ("POST /api/queue/{queue_name}/resume", Need::Of(Scope::Operate)),
    ("DELETE /api/v1/session", Need::Open),
    ("POST /api/v1/session", Need::Open),
    ("POST /api/v1/jobs/{task_id}/run", Need::Of(Scope::Operate)),
    ("GET /api/v1/events", Need::Of(Scope::Read)),
    ("GET /api/v1/history", Need::Of(Scope::Read)),
    ("GET /api/v1/audit", Need::Of(Scope::Read)),
    ("GET /api/v1/workers", Need::Of(Scope::Read)),
    ("POST /api/v1/workers/{worker}/quiet", Need::Of(Scope::Operate)),
    ("POST /api/v1/workers/{worker}/resume", Need::Of(Scope::Operate)),
    ("POST /api/v1/workers/{worker}/stop", Need::Of(Scope::Operate)),
    ("GET /api/v1/failures", Need::Of(Scope::Read)),
    ("POST /api/v1/bulk", Need::Of(Scope::Operate)),
    ("GET /api/v1/health", Need::Of(Scope::Read)),
    ("GET /api/v1/me", Need::Key),
    ("GET /api/v1/overview", Need::Of(Scope::Read)),
    ("GET /api/v1/queues", Need::Of(Scope::Read)),
    ("GET /api/v1/types", Need::Of(Scope::Read)),
    ("POST /api/v1/health/verify", Need::Of(Scope::Operate)),
    ("POST /api/v1/queues/{queue_name}/pause", Need::Of(Scope::Operate)),
    ("POST /api/v1/queues/{queue_name}/purge", Need::Of(Scope::Operate)),
    ("POST /api/v1/queues/{queue_name}/resume", Need::Of(Scope::Operate)),
];

/// Who asks, by the value of the header; what the refusal says.
struct Caller {
    name: String,
    authorization: Option<String>,
    scope: Option<Scope>,
    refusal: (u16, &'static str),
}

impl Caller {
    fn stranger(name: &str, authorization: Option<String>, code: &'static str) -> Self {
        Self { name: name.to_owned(), authorization, scope: None, refusal: (401, code) }
    }

    fn may(&self, needed: Need) -> bool {
        match needed {
            Need::Open => true,
            Need::Key => self.scope.is_some(),
            Need::Of(needed) => self.scope.is_some_and(|own| own == needed || own == Scope::Admin),
        }
    }
}

fn bearer(text: &str) -> Option<String> {
    Some(format!("Bearer {text}"))
}

/// An API whose keys are those of the callers, past the end of one and after another was taken away.
fn guarded() -> (Api, Vec<Caller>) {
    let mut keys = Vec::new();
    let mut make = |name: &str, scope, expires| {
        let random = [u8::try_from(keys.len() + 1).unwrap(); 32];
        let (text, key) = ApiKey::generate(name, Scopes::new(&[scope]).unwrap(), expires, random).unwrap();
        keys.push(key);
        text
    };
    let mut callers: Vec<Caller> = Scope::ALL
        .map(|scope| Caller {
            name: scope.to_string(),
            authorization: bearer(&make(scope.as_str(), scope, None)),
            scope: Some(scope),
            refusal: (403, "scope_missing"),
        })
        .into();
    let [expired, revoked] =
        [("expired", Some(Api::new().clock.now())), ("revoked", None)].map(|(name, end)| make(name, Scope::Admin, end));
    let basic = "Basic YWRtaW46YWRtaW4=".to_owned();
    callers.extend([
        Caller::stranger("nobody", None, "key_required"),
        Caller::stranger("a name and a password", Some(basic), "key_required"),
        Caller::stranger("a word", bearer("admin"), "key_invalid"),
        Caller::stranger("a key that never was", bearer(&format!("jmk_{}", "0".repeat(64))), "key_invalid"),
        Caller::stranger("a key past its end", bearer(&expired), "key_invalid"),
        Caller::stranger("a key that was taken away", bearer(&revoked), "key_invalid"),
    ]);
    let in_force = Keys::new(keys.clone()).unwrap();
    in_force.replace(keys.into_iter().filter(|key| key.name() != "revoked").collect()).unwrap();
    let api = Api::with(|state| {
        state.edge = Edge::new(EdgeOptions { access: Access::Keys(in_force), ..EdgeOptions::default() });
        state.examples = true;
    });
    api.clock.advance(Duration::from_secs(1));
    (api, callers)
}

async fn ask(api: &Api, method: &str, path: &str, caller: &Caller, body: &Value) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if let Some(authorization) = &caller.authorization {
        request = request.header("authorization", authorization);
    }
    api.send(request.body(Body::from(body.to_string())).unwrap()).await
}

fn described() -> BTreeMap<String, Need> {
    let document = openapi();
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.insert(format!("{} {path}", method.to_uppercase()), Need::described(operation));
        }
    }
    found
}

#[test]
fn r45_every_route_is_in_the_matrix_with_its_scope() {
    let named = ROUTES.iter().map(|(route, need)| ((*route).to_owned(), *need));
    assert_eq!(described(), named.collect(), "a route that is new, gone or asks for another scope: change the table");
}

/// The denied cells come first: after all of them, what lies in the store is what lay there before.
#[tokio::test]
async fn r45_every_cell_of_routes_and_keys_is_as_the_table_says_and_what_is_denied_changes_nothing() {
    let (api, callers) = guarded();
    let admin = callers.iter().find(|caller| caller.scope == Some(Scope::Admin)).unwrap();
    // Every route that takes a queue or an id finds something to spoil.
    let body = anything(json!({"queue_name": "target"}));
    let sent = ask(&api, "POST", "/api/queue/enqueue", admin, &body).await.json();
    let id = sent["task_id"].as_str().unwrap();
    let snapshot = async || {
        let jobs = ask(&api, "GET", "/api/queue/jobs", admin, &Value::Null).await.json();
        let stats = ask(&api, "GET", "/api/queue/stats", admin, &Value::Null).await.json();
        (jobs["jobs"].clone(), stats["metrics"]["enqueued"].clone(), stats["queues"].clone())
    };
    let before = snapshot().await;
    assert_eq!(before.0.as_array().unwrap().len(), 1);
    let filled = |path: &str| path.replace("{task_id}", id).replace("{queue_name}", "target").replace("{worker}", "w");
    let mut cells = 0;
    for is_allowed in [false, true] {
        for &(route, needed) in ROUTES {
            let (method, path) = route.split_once(' ').unwrap();
            for caller in callers.iter().filter(|caller| caller.may(needed) == is_allowed) {
                cells += 1;
                let answer = ask(&api, method, &filled(path), caller, &body).await;
                if is_allowed {
                    let status = answer.status.as_u16();
                    assert!(status != 401 && status != 403 && status < 500, "{route} by {}: {answer:?}", caller.name);
                } else {
                    let (status, code) = caller.refusal;
                    answer.problem(status, code);
                    let challenge = answer.header("www-authenticate");
                    assert_eq!(challenge.starts_with("Bearer "), status == 401, "{route} by {}", caller.name);
                }
            }
        }
        if !is_allowed {
            assert_eq!(snapshot().await, before, "a denied request has changed something");
        }
    }
    assert_eq!(cells, ROUTES.len() * callers.len());
}

/// Deny by default: another method, or another way of writing the path, leads past no guard.
#[tokio::test]
async fn r45_no_way_of_writing_a_route_gets_past_its_guard() {
    let (api, callers) = guarded();
    let nobody = callers.iter().find(|caller| caller.authorization.is_none()).unwrap();
    let mut asked = 0;
    for &(route, needed) in ROUTES {
        let (_, path) = route.split_once(' ').unwrap();
        let path = path.replace("{task_id}", "x").replace("{queue_name}", "x").replace("{worker}", "x");
        let last = path.rsplit('/').next().unwrap();
        let encoded = path.replacen(last, &format!("%{:02x}{}", last.as_bytes()[0], &last[1..]), 1);
        let forms = [
            path.clone(),
            format!("{path}/"),
            format!("/{path}"),
            format!("/live/..{path}"),
            format!("{path}?key=admin"),
            format!("{path};a=b"),
            path.to_uppercase(),
            encoded,
        ];
        for form in forms {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
                asked += 1;
                let status = ask(&api, method, &form, nobody, &json!({})).await.status.as_u16();
                let opens = match status {
                    200 => ["GET", "HEAD"].contains(&method),
                    // A session is begun with a key, which this body has not, and ended by whoever likes.
                    422 => method == "POST" && path == "/api/v1/session",
                    204 => method == "DELETE" && path == "/api/v1/session",
                    _ => false,
                };
                let is_open = needed == Need::Open && opens;
                assert!(is_open || [401, 404, 405].contains(&status), "{method} {form}: {status}");
            }
        }
    }
    assert_eq!(asked, ROUTES.len() * 8 * 9);
}

/// Nothing but the id of the request tells one wrong key from another: neither status, nor headers, nor body.
#[tokio::test]
async fn r45_an_unknown_key_and_a_wrong_one_get_the_same_answer() {
    let (api, callers) = guarded();
    let own = callers[0].authorization.as_deref().unwrap();
    let mut answers = Vec::new();
    for wrong in [
        "Bearer x".to_owned(),
        format!("Bearer jmk_{}", "0".repeat(64)),
        own[..own.len() - 1].to_owned(),
        format!("{own}0"),
        own.to_uppercase().replacen("BEARER", "Bearer", 1),
        format!("Bearer {}", "x".repeat(4000)),
        format!("Bearer {}", "x".repeat(4000)),
    ] {
        let caller = Caller::stranger("wrong", Some(wrong), "key_invalid");
        let answer = ask(&api, "GET", "/api/queue/stats", &caller, &Value::Null).await;
        let id = answer.header("x-request-id").to_owned();
        let body = answer.text().replace(&id, "ID");
        let mut headers: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (name, value) in &answer.headers {
            headers.insert(name.to_string(), value.as_bytes().to_vec());
        }
        headers.remove("x-request-id").unwrap();
        answers.push((answer.status, headers, body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

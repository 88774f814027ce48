//! The pages: small, whole, and shut to everything from elsewhere.

use axum::body::Body;
use axum::http::Request;

use super::api::{Answer, Api};

const FILES: [(&str, &str); 3] = [
    ("/dashboard/", "text/html; charset=utf-8"),
    ("/dashboard/app.js", "text/javascript; charset=utf-8"),
    ("/dashboard/app.css", "text/css; charset=utf-8"),
];

async fn get(api: &Api, path: &str, header: (&str, &str)) -> Answer {
    api.send(Request::get(path).header(header.0, header.1).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_file_of_the_pages_is_sent_with_a_policy_that_lets_nothing_else_in() {
    let api = Api::new();
    for (path, content_type) in FILES {
        let answer = api.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, content_type), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe") && !policy.contains('*'));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let packed = get(&api, path, ("accept-encoding", "br, gzip")).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(packed.body.len() < answer.body.len() && packed.body.starts_with(&[0x1f, 0x8b]), "{path}");
        let known = get(&api, path, ("if-none-match", answer.header("etag"))).await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0), "{path}");
        let other = get(&api, path, ("if-none-match", "\"0\"")).await;
        assert_eq!(other.status, 200, "{path}");
    }
    api.get("/dashboard/app.js.map").await.problem(404, "route_not_found");
}

#[tokio::test]
async fn whoever_opens_the_server_itself_is_led_to_the_pages_under_any_prefix() {
    let api = Api::new();
    for path in ["/", "/dashboard"] {
        let answer = api.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (307, "dashboard/"), "{path}");
    }
}

#[tokio::test]
async fn pages_that_are_switched_off_are_not_there() {
    let api = Api::with(|state| state.dashboard = false);
    for path in ["/", "/dashboard", "/dashboard/", "/dashboard/app.js"] {
        api.get(path).await.problem(404, "route_not_found");
    }
}

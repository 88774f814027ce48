//! Looking for jobs.

use std::time::Duration;

use journeyman::clock::Clock;
use journeyman::job::{JobId, RawJson};
use serde_json::{Value, json};

use super::super::api::{Api, anything, on_every_store};
use super::{NOWHERE, all, completed, failed, ids, ok};

on_every_store!(
    jobs_are_found_by_each_filter_and_by_all_of_them,
    a_text_is_found_in_any_case_where_it_is_looked_for,
    the_id_of_a_job_finds_it_at_once,
    jobs_are_found_by_what_they_failed_of,
    the_jobs_in_a_workers_hands_are_found,
    every_fitting_job_is_on_exactly_one_page,
    a_look_costs_the_same_whatever_the_backlog,
    hostile_texts_find_nothing_and_break_nothing,
);

fn with(value: &Value) -> Value {
    anything(json!({"task_data": {"value": value}}))
}

async fn found(api: &Api, query: &str) -> Vec<JobId> {
    all(api, query).await.0
}

async fn jobs_are_found_by_each_filter_and_by_all_of_them(api: Api) {
    let first = api.enqueue(&json!({"task_type": "http_tagged", "queue_name": "a", "tags": ["x"]})).await;
    let start = api.clock.now();
    api.clock.advance(Duration::from_secs(60));
    let second = api.enqueue(&anything(json!({"queue_name": "a", "delay": 60}))).await;
    let middle = api.clock.now();
    api.clock.advance(Duration::from_secs(60));
    let third = completed(&api, &anything(json!({"queue_name": "b", "tags": ["x"]}))).await;
    let (start, middle) = (start.to_rfc3339(), middle.to_rfc3339());
    for (query, expected) in [
        (String::new(), vec![first, second, third]),
        ("queue_name=a".to_owned(), vec![first, second]),
        ("state=completed".to_owned(), vec![third]),
        ("task_type=http_tagged".to_owned(), vec![first]),
        ("tag=x".to_owned(), vec![first, third]),
        (format!("since={middle}"), vec![second, third]),
        (format!("until={middle}"), vec![first, second]),
        (format!("since={middle}&until={middle}"), vec![second]),
        (format!("since={}", middle.replace('Z', "%2B00:00")), vec![second, third]),
        (format!("until={start}&queue_name=a&tag=x&task_type=http_tagged&state=pending"), vec![first]),
        (format!("until={start}&state=delayed"), vec![]),
    ] {
        assert_eq!(found(&api, &query).await, expected, "{query}");
    }
    let page = ok(&api.get("/api/v1/jobs?tag=x").await);
    assert_eq!((&page["examined"], &page["next_cursor"]), (&json!(3), &Value::Null));
    assert_eq!(page["jobs"][0]["queue_name"], "a");
}

async fn jobs_are_found_by_what_they_failed_of(api: Api) {
    let of = |queue: &str| anything(json!({"queue_name": queue}));
    let first = failed(&api, &of("a"), "no user 17 in \"north\"").await;
    failed(&api, &of("a"), "disk full").await;
    let last = failed(&api, &of("b"), "no user 4 in \"south\"").await;
    api.enqueue(&of("a")).await;
    let group = ok(&api.get("/api/v1/failures").await)["groups"][0].clone();
    assert_eq!(group["count"], 2);
    let query = format!("fingerprint={}", group["fingerprint"].as_str().unwrap());
    assert_eq!(found(&api, &query).await, [first, last]);
    assert_eq!(found(&api, &format!("{query}&queue_name=b&state=failed")).await, [last]);
    assert_eq!(found(&api, &format!("{query}&state=pending")).await, []);
    assert_eq!(found(&api, &format!("{query}&text=south")).await, [last]);
    assert_eq!(found(&api, "fingerprint=0123456789abcdef").await, []);
    let filter = json!({"state": "failed", "fingerprint": group["fingerprint"]});
    let retry = json!({"action": "retry", "filter": filter}).to_string();
    let answer = ok(&api.post_to("/api/v1/bulk", retry).await);
    assert_eq!((&answer["matched"], &answer["done"]), (&json!(2), &json!(2)));
    let left = ok(&api.get("/api/v1/failures").await);
    assert_eq!((&left["total"], &left["groups"][0]["message"]), (&json!(1), &json!("disk full")));
    for wrong in ["", "0123456789abcde", "0123456789abcdefa", "0123456789ABCDEF", "0123456789abcdeg", "%C3%BC"] {
        let problem = api.get(&format!("/api/v1/jobs?fingerprint={wrong}")).await.problem(422, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains("16 hexadecimal digits"), "{problem}");
        let body = json!({"action": "retry", "filter": {"state": "failed", "fingerprint": wrong}}).to_string();
        assert_eq!(api.post_to("/api/v1/bulk", body).await.pointers(), ["/filter/fingerprint"], "{wrong}");
    }
}

async fn the_jobs_in_a_workers_hands_are_found(api: Api) {
    let (held, done) =
        (api.enqueue(&anything(json!({}))).await, completed(&api, &anything(json!({"queue_name": "b"}))).await);
    api.enqueue(&anything(json!({}))).await;
    assert_eq!(api.reserve("default").await.reservation.job, held);
    let worker = super::super::api::worker();
    for query in [format!("worker={worker}"), format!("worker={worker}&state=reserved&queue_name=default")] {
        assert_eq!(found(&api, &query).await, [held], "{query}");
    }
    let none =
        [format!("worker={worker}&queue_name=b"), format!("worker={worker}&text={done}"), "worker=nobody".to_owned()];
    for query in none {
        assert_eq!(found(&api, &query).await, [], "{query}");
    }
    for query in ["worker=", "worker=a%20b", "worker=w&state=failed", "worker=w&state=pending"] {
        let problem = api.get(&format!("/api/v1/jobs?{query}")).await.problem(422, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains("worker"), "{problem}");
    }
    let bulk = r#"{"action":"cancel","filter":{"state":"pending","worker":"w"}}"#;
    assert_eq!(api.post_to("/api/v1/bulk", bulk).await.pointers(), ["/filter/worker"]);
}

async fn a_text_is_found_in_any_case_where_it_is_looked_for(api: Api) {
    let payload = api.enqueue(&with(&json!("Ada LOVELACE"))).await;
    let mut body = with(&json!(2));
    body["queue_name"] = json!("f");
    let error = failed(&api, &body, "connection to ada refused").await;
    // Both ways of writing one and the same string.
    let raw = RawJson::parse(r#"{"value":"M\u00fcller"}"#.into()).unwrap();
    let body = format!(r#"{{"task_type":"http_anything","queue_name":"z","task_data":{}}}"#, raw.get());
    assert_eq!(api.post(body).await.status, 201);
    for (query, expected) in [
        ("text=lovelace", vec![payload]),
        ("text=ADA", vec![payload, error]),
        ("text=ada&text_in=any", vec![payload, error]),
        ("text=ada&text_in=payload", vec![payload]),
        ("text=ada&text_in=error", vec![error]),
        ("text=error&text_in=error", vec![error]),
        ("text=nobody", vec![]),
        ("text=http_anything", vec![]),
    ] {
        assert_eq!(found(&api, query).await, expected, "{query}");
    }
    for query in ["text=m%C3%BCller", "text=M%C3%9CLLER", "text=m%5Cu00FCller&text_in=payload"] {
        assert_eq!(found(&api, query).await.len(), 1, "{query}");
    }
}

async fn the_id_of_a_job_finds_it_at_once(api: Api) {
    for _ in 0..30 {
        api.enqueue(&anything(json!({}))).await;
    }
    let id = completed(&api, &anything(json!({"queue_name": "z", "tags": ["x"]}))).await;
    let mention = api.enqueue(&anything(json!({"queue_name": "zz", "task_data": {"value": id}}))).await;
    for text in [id.to_string(), id.to_string().to_uppercase(), format!("%20{id}%20")] {
        let page = ok(&api.get(&format!("/api/v1/jobs?limit=5&text={text}")).await);
        assert_eq!((ids(&page), &page["examined"]), (vec![id], &json!(1)), "{text}");
    }
    assert_eq!(found(&api, &format!("text={id}")).await, [id, mention], "and then where it is mentioned");
    for more in ["queue_name=z", "state=completed", "tag=x", "task_type=http_anything&text_in=error"] {
        assert_eq!(found(&api, &format!("text={id}&{more}")).await[0], id, "{more}");
    }
    for more in ["queue_name=default", "state=failed", "tag=y", "until=2001-01-01T00:00:00Z"] {
        assert_eq!(found(&api, &format!("text={id}&{more}")).await, [], "{more}");
    }
    assert_eq!(found(&api, &format!("text={NOWHERE}")).await, []);
}

/// Pages end where their last job is, wherever in what was read for them that was.
async fn every_fitting_job_is_on_exactly_one_page(api: Api) {
    let mut expected = Vec::new();
    for at in 0..250 {
        let is_wanted = at % 7 == 3 || (100..130).contains(&at);
        let id = api.enqueue(&anything(json!({"tags": [if is_wanted { "yes" } else { "no" }]}))).await;
        expected.extend(is_wanted.then_some(id));
    }
    for limit in [1, 2, 7, 50, 100] {
        let (seen, pages) = all(&api, &format!("tag=yes&limit={limit}")).await;
        assert_eq!(seen, expected, "{limit}");
        assert!(pages <= expected.len() / limit + 2, "{limit}: {pages}");
    }
}

async fn a_look_costs_the_same_whatever_the_backlog(api: Api) {
    let queries = ["limit=10", "text=nothing", "tag=none&state=pending", "since=2001-01-01T00:00:00Z&text=x&limit=1"];
    let mut costs = Vec::new();
    for batches in [2, 18] {
        let tasks = vec![anything(json!({})); 1000];
        for _ in 0..batches {
            let stored = api.post_to("/api/queue/enqueue/batch", json!({"tasks": tasks}).to_string()).await;
            assert_eq!(stored.status, 201);
        }
        api.store.take_costs();
        for query in queries {
            let page = ok(&api.get(&format!("/api/v1/jobs?{query}")).await);
            assert!(page["examined"].as_u64().unwrap() <= 1000 && page["next_cursor"].is_string(), "{query}: {page}");
            costs.push(api.store.take_costs());
        }
    }
    let (few, many) = costs.split_at(queries.len());
    assert_eq!(few, many, "calls and records");
    assert!(many.iter().all(|(calls, records)| *calls <= 20 && *records <= 1100), "{many:?}");
}

async fn hostile_texts_find_nothing_and_break_nothing(api: Api) {
    failed(&api, &with(&json!("plain")), "plain").await;
    for text in
        ["%25", "_", "%27%20OR%201=1--", "%5C", "%00", "%E2%80%AE", "(.*)", "%F0%9F%98%80", "journeyman:secret:"]
    {
        assert_eq!(found(&api, &format!("text={text}")).await, [], "{text}");
        assert_eq!(found(&api, &format!("tag={text}&task_type={text}")).await, [], "{text}");
    }
    for (query, name) in [
        ("text=", "text"),
        (&format!("text={}", "x".repeat(1001)), "text"),
        ("text=x&text_in=all", "text_in"),
        ("text=x&text=y", "text"),
        ("since=yesterday", "since"),
        ("until=2026-01-01", "until"),
        ("since=2026-01-01T00:00:00+02:00", "since"),
        ("limit=101", "limit"),
        ("state=waiting", "state"),
        ("cursor=default~failed~zz.", "cursor"),
        ("cursor=default~failed~6162.", "cursor"),
        ("order=asc", "order"),
    ] {
        let problem = api.get(&format!("/api/v1/jobs?{query}")).await.problem(422, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains(name), "{query}: {problem}");
    }
    api.get("/api/v1/jobs?queue_name=nowhere").await.problem(404, "queue_not_found");
    assert_eq!(found(&api, &format!("text={}", "%C3%BC".repeat(1000))).await, []);
}

/// What is stored of a secret, and what is not shown, is nowhere to be found.
#[tokio::test]
async fn r12_a_text_is_never_found_inside_a_secret() {
    super::edit::keys();
    let api = Api::new();
    let id = api.enqueue(&json!({"task_type": "v1_login", "task_data": {"user": "ann", "token": "hunter2"}})).await;
    assert_eq!(found(&api, "text=ann").await, [id]);
    assert_eq!(found(&api, "text=%5Bsecret%5D").await, [id], "as it is shown");
    for text in ["hunter2", "hunt", "journeyman", "secret:", ":k1:", "k1"] {
        assert_eq!(found(&api, &format!("text={text}")).await, [], "{text}");
    }
}

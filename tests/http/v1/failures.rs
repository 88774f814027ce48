//! Failed jobs by what they failed of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::api::{Api, anything, on_every_store};
use super::{failed, ok};

on_every_store!(failures_of_one_cause_are_one_group, a_page_looks_at_a_bounded_number);

async fn failures_of_one_cause_are_one_group(api: Api) {
    let of = |queue: &str| anything(json!({"queue_name": queue}));
    let first = failed(&api, &of("a"), "no user 17 in \"north\"").await;
    let other = failed(&api, &of("a"), "disk full").await;
    let last = failed(&api, &of("b"), "no user 4 in \"south\"").await;
    let page = ok(&api.get("/api/v1/failures").await);
    assert_eq!((&page["examined"], &page["total"], &page["next_cursor"]), (&json!(3), &json!(3), &Value::Null));
    let groups = page["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "{page}");
    let ended = async |id| api.status(id).await["finished_at"].clone();
    let expected = json!({
        "fingerprint": groups[0]["fingerprint"], "task_type": "http_anything", "kind": "error",
        "message": "no user 4 in \"south\"", "count": 2,
        "first_seen": ended(first).await, "last_seen": ended(last).await, "queues": ["a", "b"], "sample": last
    });
    assert_eq!(groups[0], expected);
    assert_eq!((&groups[1]["count"], &groups[1]["sample"]), (&json!(1), &json!(other)));
    let one = ok(&api.get("/api/v1/failures?queue_name=b").await);
    assert_eq!((&one["total"], &one["groups"][0]["fingerprint"]), (&json!(1), &groups[0]["fingerprint"]));
    api.get("/api/v1/failures?queue_name=nowhere").await.problem(404, "queue_not_found");
    for query in ["cursor=x", "cursor=a~pending~.", "limit=10"] {
        api.get(&format!("/api/v1/failures?{query}")).await.problem(422, "invalid_parameter");
    }
    // A message of a hostile length or alphabet is shown in part.
    let long = format!("\u{202e}\0{}", "ü".repeat(4000));
    failed(&api, &of("z"), &long).await;
    let shown = ok(&api.get("/api/v1/failures?queue_name=z").await)["groups"][0]["message"].clone();
    assert_eq!(shown.as_str().unwrap().chars().count(), 1000);
}

async fn a_page_looks_at_a_bounded_number(api: Api) {
    for at in 0..1100 {
        failed(&api, &anything(json!({})), &format!("cause {} of {at}", ["a", "b"][at % 2])).await;
    }
    let (mut sums, mut cursor, mut pages): (BTreeMap<String, u64>, _, _) = (BTreeMap::new(), String::new(), 0);
    loop {
        let page = ok(&api.get(&format!("/api/v1/failures{cursor}")).await);
        assert!(page["examined"].as_u64().unwrap() <= 1000 && page["total"] == 1100, "{page}");
        pages += 1;
        for group in page["groups"].as_array().unwrap() {
            *sums.entry(group["fingerprint"].as_str().unwrap().to_owned()).or_default() +=
                group["count"].as_u64().unwrap();
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("?cursor={next}");
    }
    assert_eq!((sums.into_values().collect::<Vec<_>>(), pages), (vec![550, 550], 2));
}

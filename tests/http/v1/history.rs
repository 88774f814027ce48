//! How it was, as it is asked for.

use super::super::api::Api;
use super::ok;

#[tokio::test]
async fn the_longer_the_look_back_the_longer_its_steps() {
    let api = Api::new();
    for (query, step, points) in [
        ("", 60, 60),
        ("?minutes=60&queue_name=mail&task_type=echo", 60, 60),
        ("?minutes=1440", 600, 144),
        ("?minutes=20160", 3600, 336),
    ] {
        let history = ok(&api.get(&format!("/api/v1/history{query}")).await);
        let found = history["points"].as_array().unwrap();
        assert_eq!((history["step_seconds"].as_i64().unwrap(), found.len()), (step, points), "{query}");
        let last = found.last().unwrap();
        assert_eq!((&last["processed"], last["run_ms"].is_null()), (&0.into(), true));
        assert_eq!(history["types"].as_array().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_look_back_that_is_none_is_refused() {
    let api = Api::new();
    for query in ["minutes=59", "minutes=20161", "minutes=x", "minutes=", "queue_name=a%20b", "minute=60"] {
        api.get(&format!("/api/v1/history?{query}")).await.problem(422, "invalid_parameter");
    }
}

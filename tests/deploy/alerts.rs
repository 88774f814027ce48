//! R53: alert rules.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use super::shipped;
use crate::support::process::Home;

/// Name and expression of each rule.
fn rules() -> Vec<(String, String)> {
    let document: Value = serde_yaml_ng::from_str(&shipped("deploy/prometheus/alerts.yml")).unwrap();
    let groups = document["groups"].as_sequence().unwrap();
    let rules = groups.iter().flat_map(|group| group["rules"].as_sequence().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rules
        .map(|rule| {
            assert!(rule["annotations"]["summary"].is_string() && rule["labels"]["severity"].is_string(), "{rule:?}");
            (text(&rule["alert"]), text(&rule["expr"]))
        })
        .collect()
}

#[test]
fn r53_every_metric_that_an_alert_asks_for_is_told_by_a_server() {
    let home = Home::sqlite();
    let server = home.serve(&[]);
    server.api.enqueue("noop", serde_json::json!({}));
    let text = server.api.get("/metrics").body;
    let told: BTreeSet<&str> = text.lines().map(|line| line.split(['{', ' ']).next().unwrap()).collect();
    for (alert, expression) in rules() {
        let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let asked: Vec<&str> = words.filter(|word| word.starts_with("journeyman_")).collect();
        assert!(!asked.is_empty(), "{alert}");
        for metric in asked {
            assert!(told.contains(metric), "{alert} asks for {metric}");
        }
    }
}

#[test]
fn r53_the_documents_numbers_are_watched() {
    let rules = rules();
    for (alert, number) in [
        ("JourneymanThreadPoolExhausted", "> 0.05"),
        ("JourneymanFailuresGrowing", "> 0"),
        ("JourneymanRetriesRising", "offset 1h"),
        ("JourneymanThreadPoolIdle", "< 0.5"),
        ("JourneymanThreadPoolBusy", "> 0.8"),
        ("JourneymanWorkersBusy", "> 0.9"),
        ("JourneymanQueueLong", "> 1000"),
    ] {
        let (_, expression) = rules.iter().find(|(name, _)| name == alert).unwrap_or_else(|| panic!("{alert}"));
        assert!(expression.contains(number), "{alert}: {expression}");
    }
}

#[test]
fn r53_prometheus_is_pointed_at_what_compose_starts() {
    let document: Value = serde_yaml_ng::from_str(&shipped("deploy/prometheus/prometheus.yml")).unwrap();
    assert_eq!(document["rule_files"][0], "alerts.yml");
    let targets = document["scrape_configs"][0]["static_configs"][0]["targets"].as_sequence().unwrap();
    let targets: Vec<&str> = targets.iter().map(|target| target.as_str().unwrap()).collect();
    assert_eq!(targets, ["server:8080", "worker:9090"]);
}

//! The dashboard and the alert rules name figures that a server has, and each figure that it has
//! says what it means.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod kit;

use std::{collections::BTreeSet, time::Duration};

use http::StatusCode;
use kit::{
    Folder, SECRET,
    live::{Inbox, Live},
    report,
};
use serde_json::{Value, json};

const ALERTS: &str = include_str!("../observability/alerts.yaml");
const DASHBOARD: &str = include_str!("../observability/grafana.json");

/// The figures after a payment, an odd report, a webhook, and a question that found nobody.
async fn figures() -> String {
    let folder = Folder::new();
    let inbox = Inbox::default();
    let live = Live::start(&folder, inbox.listen().await).await;
    let payment = live.create(json!({})).await;
    let attempt = live.pay(&payment).await;
    let odd = report(&attempt, "success", 1, 1, SECRET);
    assert_eq!(live.post("/callbacks/ecommpay", odd).await.0, 200);
    let paid = report(&attempt, "success", 2, 4_990, SECRET);
    assert_eq!(live.post("/callbacks/ecommpay", paid).await.0, 200);
    inbox.until(2).await;
    // The next question is due in some seconds: let them pass.
    live.app.store.shift_due(-60_000).await.unwrap();
    for _ in 0..500 {
        let (status, text) = live.get("/metrics").await;
        assert_eq!(status, StatusCode::OK);
        if text.contains("\nkassa_provider_call_seconds_count") {
            live.stop().await;
            return text;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no provider was asked")
}

/// The figures' names that a text of Prometheus' form has samples of, without the endings of
/// histograms.
fn sampled(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split(['{', ' ']).next())
        .filter(|name| !name.is_empty())
        .map(plain)
        .collect()
}

fn plain(name: &str) -> String {
    let ending = ["_bucket", "_sum", "_count"]
        .into_iter()
        .find_map(|ending| name.strip_suffix(ending));
    ending.unwrap_or(name).to_owned()
}

/// The figures of ours that an expression names.
fn named(expression: &str) -> BTreeSet<String> {
    expression
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("kassa_") || word.starts_with("process_"))
        .map(plain)
        .collect()
}

/// All values under `expr` in a document.
fn expressions(document: &Value) -> Vec<&str> {
    match document {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value.as_str() {
                Some(text) if name == "expr" => vec![text],
                _ => expressions(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn what_is_watched_is_there_and_what_is_there_has_a_meaning() {
    let text = figures().await;
    let there = sampled(&text);
    let described: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP "))
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, meaning)| !meaning.is_empty())
        .map(|(name, _)| name.to_owned())
        .collect();
    let unexplained: Vec<_> = there.difference(&described).collect();
    assert_eq!(unexplained, Vec::<&String>::new(), "without HELP");

    let alerts: Value = serde_saphyr::from_str(ALERTS).unwrap();
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    for (file, document) in [("alerts", &alerts), ("dashboard", &dashboard)] {
        let all = expressions(document);
        assert!(all.len() >= 10, "{file}: {} expressions", all.len());
        for expression in all {
            let named = named(expression);
            assert!(!named.is_empty(), "{file}: nothing in {expression}");
            let missing: Vec<_> = named.difference(&there).collect();
            assert_eq!(missing, Vec::<&String>::new(), "{file}: {expression}");
        }
    }
    // And the dashboard shows whatever there is.
    let shown: BTreeSet<_> = expressions(&dashboard)
        .into_iter()
        .flat_map(named)
        .collect();
    let hidden: Vec<_> = there.difference(&shown).collect();
    assert_eq!(hidden, Vec::<&String>::new(), "not on the dashboard");

    for sample in [
        "kassa_flags_total{provider=\"ecommpay\",flag=\"amount_differs\"} 1",
        "kassa_flags_total{provider=\"ecommpay\",flag=\"paid_twice\"} 0",
        "kassa_reports_total{provider=\"ecommpay\",status=\"paid\"} 1",
        "kassa_callbacks_total{provider=\"ecommpay\",outcome=\"applied\"} 2",
        "kassa_store_errors_total{error=\"unavailable\"} 0",
        "kassa_store_up 1",
        "kassa_store_seconds_count{operation=\"create\"} 1",
    ] {
        assert!(
            text.lines().any(|line| line == sample),
            "no {sample} in\n{text}"
        );
    }
    // A payment was written, and a short log is not written back.
    let log = text
        .lines()
        .find_map(|line| line.strip_prefix("kassa_store_log_bytes "));
    assert!(log.unwrap().parse::<u64>().unwrap() > 0, "{text}");
}

#[test]
fn an_alert_says_what_is_wrong_and_how_bad_it_is() {
    let alerts: Value = serde_saphyr::from_str(ALERTS).unwrap();
    let rules = alerts["groups"][0]["rules"].as_array().unwrap();
    let mut names = BTreeSet::new();
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        assert!(names.insert(name), "{name} twice");
        for text in ["summary", "description"] {
            assert!(rule["annotations"][text].is_string(), "{name}: {text}");
        }
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["warning", "critical"].contains(&severity), "{name}");
    }
    assert!(names.len() >= 8, "{names:?}");
}

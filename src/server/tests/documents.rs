//! What is generated and committed is what the handlers say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::path::Path;

/// Write it anew with `kassa openapi > src/server/openapi.json`.
#[test]
fn the_openapi_document_is_the_handlers() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let committed = std::fs::read_to_string(committed).unwrap();
    let generated = kassa_server::openapi_text().unwrap();
    assert!(
        committed == generated,
        "openapi.json is out of date: run `kassa openapi > src/server/openapi.json`"
    );
}

#[test]
fn every_reference_in_the_document_is_there() {
    let document: serde_json::Value =
        serde_json::from_str(&kassa_server::openapi_text().unwrap()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut missing = Vec::new();
    check(&document, &document, &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}

fn check(document: &serde_json::Value, part: &serde_json::Value, missing: &mut Vec<String>) {
    match part {
        serde_json::Value::Object(fields) => {
            if let Some(target) = fields.get("$ref").and_then(|target| target.as_str())
                && document.pointer(target.trim_start_matches('#')).is_none()
            {
                missing.push(target.to_owned());
            }
            fields
                .values()
                .for_each(|value| check(document, value, missing));
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| check(document, item, missing));
        }
        _ => {}
    }
}

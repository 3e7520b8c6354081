//! Payment Page addresses that ecommpay's own SDKs made: their signatures are right here wherever they sent what they signed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use kassa_simulator::params::{check, page_string_to_sign};
use kassa_simulator::{form, signature::Secret};
use serde_json::Value;

/// Any time will do: no address has a `best_before`.
const NOW_MS: i64 = 1_900_000_000_000;

#[test]
fn judges_the_sdks_addresses() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/ecommpay-payment-page-url.json"
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let tests = file["tests"].as_array().unwrap();
    let (mut opened, mut right, mut wrong) = (0, 0, Vec::new());
    for test in tests.iter().filter(|test| test["url"].is_string()) {
        let (_, query) = test["url"].as_str().unwrap().split_once('?').unwrap();
        let parameters = form::decode(query).unwrap();
        let secret = Secret::new(test["secret"].as_str().unwrap());
        let checked = check(&parameters, 120, &secret, NOW_MS);
        opened += u32::from(checked.is_ok());
        let sent_what_it_signed = page_string_to_sign(&parameters) == test["string_to_sign"];
        let problems = checked.map_or_else(|refusal| refusal.problems, |_| Vec::new());
        let signature_is_wrong = problems.iter().any(|problem| problem.field == "signature");
        assert_eq!(
            signature_is_wrong, !sent_what_it_signed,
            "{} {}",
            test["name"], test["source_sdk"]
        );
        if signature_is_wrong {
            wrong.push(test["name"].as_str().unwrap());
        } else {
            right += 1;
        }
    }
    wrong.dedup();
    // Booleans, nulls, objects and Go's floats are sent otherwise than they are signed.
    assert_eq!(
        wrong,
        [
            "url/bool-false",
            "url/null",
            "url/nested-object",
            "url/float"
        ]
    );
    assert!(
        right >= 80 && opened >= 18,
        "{right} right, {opened} opened"
    );
}

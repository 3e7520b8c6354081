//! The two files of reference facts, through the public API of `viite`.
#![allow(clippy::expect_used, reason = "a test may panic: that is how it fails")]

use kassa_tests::vectors::references::{Run, exceptions, finnish, peers};
use serde_json::{Value, json};

fn file(text: &str) -> Value {
    serde_json::from_str(text).expect("a vectors file is JSON")
}

fn assert_all_pass(file: &Value, run: &Run) {
    let tests = file["tests"].as_array().expect("a list").len();
    assert!(tests > 0);
    assert_eq!(run.report.failed, Vec::<String>::new());
    assert_eq!((run.report.passed, run.report.skipped), (tests, 0));
}

/// How often each exception was used, by name.
fn used(run: &Run) -> Vec<(&'static str, usize)> {
    exceptions()
        .map(|one| {
            let times = run.exceptions.iter().filter(|(used, _)| *used == one);
            (one.name, times.count())
        })
        .filter(|&(_, times)| times > 0)
        .collect()
}

#[test]
fn finnish_references() {
    let file = file(include_str!("../vectors/finnish-references.json"));
    let run = finnish(&file);
    assert_all_pass(&file, &run);
    assert_eq!(
        used(&run),
        [("bulk-all-or-nothing", 1), ("prefix-without-holder", 18)]
    );
}

#[test]
fn peers_own_tests() {
    let file = file(include_str!("../vectors/reference-peers.json"));
    let run = peers(&file);
    assert_all_pass(&file, &run);
    assert_eq!(
        used(&run),
        [
            ("iban-national-check", 1),
            ("leading-zeros", 1),
            ("other-grouping", 1)
        ]
    );
}

/// The decisions of references.md that these two files happen not to touch, and their edges.
#[test]
fn exceptions_are_for_what_was_decided_only() {
    let cases = [
        (
            "fi.valid",
            json!("0013"),
            json!(true),
            Some("short-reference"),
        ),
        (
            "fi.valid",
            json!("0000"),
            json!(true),
            Some("short-reference"),
        ),
        (
            "fi.valid",
            json!("1234561\n"),
            json!(true),
            Some("characters"),
        ),
        ("fi.valid", json!("1234560\n"), json!(true), None),
        (
            "rf.valid",
            json!("RF18-5390-0754-7034"),
            json!(true),
            Some("characters"),
        ),
        (
            "rf.valid",
            json!("RF00TEST"),
            json!(true),
            Some("check-digits-range"),
        ),
        ("rf.valid", json!("RF97C2H5OH"), json!(true), Some("")),
        ("rf_fi.valid", json!("RF97C2H5OH"), json!(false), Some("")),
        (
            "fi.generate",
            json!("1"),
            json!("13"),
            Some("short-reference"),
        ),
        ("fi.generate", json!("1"), json!({"error": true}), Some("")),
        (
            "fi.generate",
            json!(null),
            json!({"valid": true}),
            Some("generate-from-nothing"),
        ),
        ("fi.generate", json!("A"), json!("A1"), None),
        (
            "fi.format",
            json!("1234561"),
            json!("123 4561"),
            Some("other-grouping"),
        ),
        (
            "fi.format",
            json!("1234561"),
            json!("12345 61"),
            Some("other-grouping"),
        ),
        ("fi.format", json!("1234561"), json!("1 234561"), None),
        (
            "fi_or_rf_fi.format",
            json!("1234561"),
            json!("12345 61"),
            None,
        ),
    ];
    for (op, input, expect, wanted) in cases {
        let test = json!({"op": op, "input": input, "expect": expect});
        let run = peers(&json!({ "tests": [test] }));
        let came = match (run.report.passed, run.exceptions.first()) {
            (0, _) => None,
            (_, None) => Some(""),
            (_, Some((exception, _))) => Some(exception.name),
        };
        assert_eq!(came, wanted, "{test}");
    }
}

#[test]
fn the_runners_can_fail() {
    let finnish_tests = [
        json!({"kind": "national_validate", "input": "1234561", "expected": {"valid": true, "canonical": "1234561", "print": "1234561"}}),
        json!({"kind": "national_validate", "input": "1234561", "expected": {"valid": true, "unheard": 1}}),
        json!({"kind": "national_validate", "input": "1234560", "expected": {"valid": false, "reason": "too_short"}}),
        json!({"kind": "fi_bic", "input": "FI5738000012345670", "expected": {"prefix": "39", "bic": null}}),
        json!({"kind": "fi_bic", "input": "FI7010000012345672", "expected": {"prefix": "1", "bic": null}}),
        json!({"kind": "bulk_create", "input": {"start": "9999999999999999999", "count": 2, "step": 1}, "expected": {"error": "step"}}),
        json!({"kind": "bulk_create", "input": {"start": "1000", "count": 1, "step": 1}, "expected": {"references": ["10004"]}}),
        json!({"kind": "epc_qr", "input": {"unheard": ""}, "expected": {"ok": false, "reason": "name"}}),
        json!({"kind": "unheard", "input": "", "expected": null}),
    ];
    for test in finnish_tests {
        let report = finnish(&json!({ "tests": [test] })).report;
        assert_eq!((report.passed, report.failed.len()), (0, 1), "{test}");
    }
    let peers_tests = [
        json!({"op": "fi.valid", "input": "1234561", "expect": false}),
        json!({"op": "fi.generate", "input": "123456", "expect": "1234560"}),
        json!({"op": "fi.generate", "input": "123456", "expect": {"valid": true, "startsWith": "123457"}}),
        json!({"op": "fi.generate", "input": "123456", "expect": {"error": true}}),
        json!({"op": "fi.format", "input": "1234561", "expect": "1 234561"}),
        json!({"op": "iban_fi.valid", "input": "FI2112345600000785", "expect": false}),
        json!({"op": "barcode.format", "input": {"iban": "FI2112345600000785", "sum": 1.1, "reference": "1234561", "date": null}, "expect": false}),
        json!({"op": "unheard", "input": "", "expect": false}),
    ];
    for test in peers_tests {
        let report = peers(&json!({ "tests": [test] })).report;
        assert_eq!((report.passed, report.failed.len()), (0, 1), "{test}");
    }
    assert_eq!(finnish(&json!({})).report.failed.len(), 1);
}

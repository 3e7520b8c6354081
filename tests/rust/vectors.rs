//! Every vectors file, through the public API.
#![allow(clippy::expect_used, reason = "a test may panic: that is how it fails")]

use std::{collections::BTreeMap, path::Path};

use kassa_tests::vectors::files::{FileRun, run_folder};

fn runs() -> BTreeMap<String, FileRun> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let runs = run_folder(Path::new(folder)).expect("the folder is there");
    let runs = runs.into_iter().map(|run| (run.file.clone(), run));
    runs.collect()
}

#[test]
fn no_test_fails_in_any_file() {
    let runs = runs();
    assert_eq!(runs.len(), 12);
    for run in runs.values() {
        assert_eq!(run.report.failed, Vec::<String>::new(), "{}", run.file);
    }
}

#[test]
fn every_file_is_really_compared() {
    let runs = runs();
    for (file, passed, skipped) in [
        ("ecommpay-sign.json", 121, 0),
        ("ecommpay-natural-order.json", 179, 0),
        ("ecommpay-payment-page-url.json", 60, 36),
        ("ecommpay-callback.json", 39, 0),
        ("op-signature.json", 47, 0),
        ("op-signature-reject.json", 9, 0),
        ("vetuma-mac.json", 40, 0),
        ("vetuma-must-reject.json", 10, 0),
        ("vetuma-valid-mac-but-must-not-book.json", 2, 2),
    ] {
        let report = &runs.get(file).expect("the file is there").report;
        assert_eq!((report.passed, report.skipped), (passed, skipped), "{file}");
    }
    for file in ["finnish-references.json", "reference-peers.json"] {
        let report = &runs.get(file).expect("the file is there").report;
        assert!(report.passed > 0, "{file}");
    }
}

/// All messages went over the wire and back; what was refused without a look at its MAC, and why
/// a genuine answer books nothing, is as the files mean it.
#[test]
fn vetuma_messages_are_refused_for_the_reason_that_they_should_be() {
    let runs = runs();
    let notes = |file: &str| {
        let run = runs.get(file).expect("the file is there");
        run.notes.clone()
    };
    assert_eq!(notes("vetuma-mac.json"), Vec::<String>::new());
    let before = "refused before the MAC: message must hold exactly one well-formed signature";
    assert_eq!(notes("vetuma-must-reject.json"), [format!("3: {before}")]);
    assert_eq!(
        notes("vetuma-valid-mac-but-must-not-book.json"),
        [
            "1: booked nothing: REF: expected the call's",
            "1: booked nothing: STATUS: expected one that goes to this address",
            "the message that it is about is in no file here",
        ]
    );
}

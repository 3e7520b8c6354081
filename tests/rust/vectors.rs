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
    ] {
        let report = &runs.get(file).expect("the file is there").report;
        assert_eq!((report.passed, report.skipped), (passed, skipped), "{file}");
    }
    for file in ["finnish-references.json", "reference-peers.json"] {
        let report = &runs.get(file).expect("the file is there").report;
        assert!(report.passed > 0, "{file}");
    }
}

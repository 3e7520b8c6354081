//! Runs `finnish-references.json` and `reference-peers.json` through `viite`.
//!
//! The answer to a test is built as JSON from the public API alone, and every field that
//! the file expects is compared with it. What `peers` and `disagree` say is information.

mod finnish;
mod peers;

use serde_json::Value;

use super::Report;

/// A rule by which an expectation of a file does not bind us, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Exception {
    /// A short name to show.
    pub name: &'static str,
    /// Why, and where it was decided.
    pub reason: &'static str,
}

/// A run over one file: the report, and each test that passed under an exception.
#[derive(Debug, Default)]
pub struct Run {
    /// The counts; a test under an exception counts as passed.
    pub report: Report,
    /// The exception and the test's number in the file, from 0.
    pub exceptions: Vec<(&'static Exception, usize)>,
}

/// How one test came out.
enum Outcome {
    Same,
    Excepted(&'static Exception),
    Different(String),
}

/// Runs a file of the format of `finnish-references.json`: tests of `kind, input, expected`.
pub fn finnish(file: &Value) -> Run {
    run(file, "kind", finnish::test)
}

/// Runs a file of the format of `reference-peers.json`: tests of `op, input, expect`.
pub fn peers(file: &Value) -> Run {
    run(file, "op", peers::test)
}

/// Every exception that the two runs know.
pub fn exceptions() -> impl Iterator<Item = &'static Exception> {
    finnish::EXCEPTIONS.iter().chain(peers::EXCEPTIONS).copied()
}

fn run(file: &Value, label: &str, test: fn(&Value) -> Outcome) -> Run {
    let mut run = Run::default();
    let Some(tests) = file.get("tests").and_then(Value::as_array) else {
        run.report.failed.push("no list of tests".to_owned());
        return run;
    };
    for (index, one) in tests.iter().enumerate() {
        match test(one) {
            Outcome::Same => run.report.passed += 1,
            Outcome::Excepted(exception) => {
                run.report.passed += 1;
                run.exceptions.push((exception, index));
            }
            Outcome::Different(what) => run.report.failed.push(format!(
                "test {index} ({}) {}: {what}",
                field(one, label),
                field(one, "input")
            )),
        }
    }
    run
}

/// A field, or null where there is none.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// Compares every field of an expected object, or the whole of anything else.
fn compare(expected: &Value, actual: &Value) -> Outcome {
    let different =
        |name: &str, wanted: &Value, came: &Value| format!("{name}wanted {wanted}, came {came}");
    match expected.as_object() {
        Some(fields) => {
            for (name, wanted) in fields {
                match actual.get(name) {
                    Some(came) if came == wanted => {}
                    Some(came) => {
                        return Outcome::Different(different(&format!("{name}: "), wanted, came));
                    }
                    None => {
                        return Outcome::Different(format!(
                            "{name}: wanted {wanted}, came {actual}"
                        ));
                    }
                }
            }
            Outcome::Same
        }
        None if expected == actual => Outcome::Same,
        None => Outcome::Different(different("", expected, actual)),
    }
}

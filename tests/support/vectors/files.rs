//! Recognises the vectors files of a folder and runs each.

use std::{fmt, fs, io, path::Path};

use serde_json::Value;

use super::{Report, ecommpay, op, references, vetuma};

/// How a file came out.
#[derive(Debug)]
pub struct FileRun {
    /// The file's name.
    pub file: String,
    /// The counts.
    pub report: Report,
    /// Why tests were skipped; empty when none was.
    pub notes: Vec<String>,
}

impl fmt::Display for FileRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            passed,
            failed,
            skipped,
        } = &self.report;
        write!(f, "{}: {passed} passed, {} failed", self.file, failed.len())?;
        if *skipped > 0 {
            write!(f, ", {skipped} skipped ({})", self.notes.join("; "))?;
        }
        for failure in failed.iter().take(5) {
            write!(f, "\n    {failure}")?;
        }
        Ok(())
    }
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Sign,
    NaturalOrder,
    PaymentPageUrl,
    Callback,
    FinnishReferences,
    ReferencePeers,
    OpSignature,
    OpRefusal,
    OpCorporate,
    VetumaMac,
    VetumaRefusal,
    VetumaNotBooked,
    Unknown,
}

/// Runs every vectors file of a folder, in the order of their names. A JSON file without a list
/// of tests, such as a key, is none.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn run_folder(folder: &Path) -> io::Result<Vec<FileRun>> {
    let mut paths: Vec<_> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_file() && file.ends_with(".json") {
            files.push((file.to_owned(), fs::read_to_string(&path)?));
        }
    }
    let messages = messages(&files);
    let runs = files.iter();
    Ok(runs
        .filter_map(|(file, text)| run_one(file, text, &messages))
        .collect())
}

/// Runs one file; `None` when it holds no tests.
#[must_use]
pub fn run_file(file: &str, text: &str) -> Option<FileRun> {
    run_one(file, text, &[])
}

/// The messages of a folder that its other files may name.
fn messages(files: &[(String, String)]) -> Vec<Value> {
    let mut messages = Vec::new();
    for (file, text) in files {
        let Ok(json) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        let tests = json.get("tests").and_then(Value::as_array);
        let tests = tests.map_or(&[][..], Vec::as_slice);
        if recognise(file, tests) == Format::VetumaMac {
            messages.extend_from_slice(tests);
        }
    }
    messages
}

fn run_one(file: &str, text: &str, messages: &[Value]) -> Option<FileRun> {
    let (report, notes) = match serde_json::from_str::<Value>(text) {
        Ok(json) => {
            let tests = json.get("tests")?.as_array()?;
            run(recognise(file, tests), text, &json, messages)
        }
        Err(error) => {
            let failed = vec![format!("not JSON: {error}")];
            let report = Report {
                failed,
                ..Report::default()
            };
            (report, Vec::new())
        }
    };
    Some(FileRun {
        file: file.to_owned(),
        report,
        notes,
    })
}

fn run(format: Format, text: &str, json: &Value, messages: &[Value]) -> (Report, Vec<String>) {
    let tests = json.get("tests").and_then(Value::as_array);
    let tests = tests.map_or(0, Vec::len);
    match format {
        Format::Sign => of_ecommpay(ecommpay::sign(text)),
        Format::NaturalOrder => of_ecommpay(ecommpay::natural_order(text)),
        Format::PaymentPageUrl => of_ecommpay(ecommpay::payment_page_url(text)),
        Format::Callback => of_ecommpay(ecommpay::callback(text)),
        Format::FinnishReferences => (references::finnish(json).report, Vec::new()),
        Format::ReferencePeers => (references::peers(json).report, Vec::new()),
        Format::OpSignature => (op::sign(json), Vec::new()),
        Format::OpRefusal => (op::refuse(json), Vec::new()),
        Format::OpCorporate => left_out(tests, "no corporate interface of OP yet"),
        Format::VetumaMac => vetuma::mac(json),
        Format::VetumaRefusal => vetuma::refuse(json),
        Format::VetumaNotBooked => {
            // Those of its own folder come last, so that they are the ones that count.
            let messages = [vetuma::own_messages(), messages.to_vec()].concat();
            vetuma::not_book(json, &messages)
        }
        Format::Unknown => left_out(tests, "a format that this build does not know"),
    }
}

fn of_ecommpay(run: ecommpay::Run) -> (Report, Vec<String>) {
    let notes = run.left_out.iter();
    let notes = notes
        .map(|(why, times)| format!("{times}: {why}"))
        .collect();
    (run.report, notes)
}

fn left_out(tests: usize, why: &str) -> (Report, Vec<String>) {
    let report = Report {
        skipped: tests,
        ..Report::default()
    };
    (report, vec![why.to_owned()])
}

/// By the file's name, else by the fields of its first test.
fn recognise(file: &str, tests: &[Value]) -> Format {
    let by_name = match file.trim_end_matches(".json") {
        "ecommpay-sign" => Some(Format::Sign),
        "ecommpay-natural-order" => Some(Format::NaturalOrder),
        "ecommpay-payment-page-url" => Some(Format::PaymentPageUrl),
        "ecommpay-callback" => Some(Format::Callback),
        "finnish-references" => Some(Format::FinnishReferences),
        "reference-peers" => Some(Format::ReferencePeers),
        "op-signature" => Some(Format::OpSignature),
        "op-signature-reject" => Some(Format::OpRefusal),
        "op-corporate-jws" => Some(Format::OpCorporate),
        "vetuma-mac" => Some(Format::VetumaMac),
        "vetuma-must-reject" => Some(Format::VetumaRefusal),
        "vetuma-valid-mac-but-must-not-book" => Some(Format::VetumaNotBooked),
        _ => None,
    };
    by_name
        .or_else(|| tests.first().map(by_fields))
        .unwrap_or(Format::Unknown)
}

fn by_fields(test: &Value) -> Format {
    let has = |names: &[&str]| names.iter().all(|name| test.get(name).is_some());
    match test.get("kind").and_then(Value::as_str) {
        Some("sign") => Format::Sign,
        Some("url") => Format::PaymentPageUrl,
        Some("callback") => Format::Callback,
        _ if has(&["a", "b", "natural"]) => Format::NaturalOrder,
        _ if has(&["kind", "input", "expected"]) => Format::FinnishReferences,
        _ if has(&["op", "input", "expect"]) => Format::ReferencePeers,
        _ if has(&["signature_hex", "authorization_header"]) => Format::OpSignature,
        _ if has(&["signature_hex", "string_to_sign"]) => Format::OpRefusal,
        _ if has(&["x_req_signature"]) => Format::OpCorporate,
        _ if has(&["mac", "fields"]) => Format::VetumaMac,
        _ if has(&["received_mac"]) => Format::VetumaRefusal,
        _ if has(&["based_on", "posted_to"]) => Format::VetumaNotBooked,
        _ => Format::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::run_file;

    #[test]
    fn a_file_is_recognised_by_its_fields_too() {
        let text = r#"{"tests": [{"a": "a9", "b": "a10", "natural": -1}]}"#;
        let run = run_file("other.json", text).unwrap();
        assert_eq!(run.to_string(), "other.json: 1 passed, 0 failed");
    }

    #[test]
    fn failures_are_shown_and_counted() {
        let text = r#"{"tests": [{"a": "a9", "b": "a10", "natural": 1}]}"#;
        let run = run_file("ecommpay-natural-order.json", text).unwrap();
        assert_eq!(
            run.to_string(),
            "ecommpay-natural-order.json: 0 passed, 1 failed\n    \
             \"a9\" and \"a10\": wanted Greater, came (Less, Greater)"
        );
    }

    #[test]
    fn a_key_is_no_vectors_file_and_an_unknown_format_is_skipped() {
        assert!(run_file("op-example-key.json", r#"{"n": 1}"#).is_none());
        let run = run_file("new.json", r#"{"tests": [{}, {}]}"#).unwrap();
        assert_eq!(
            run.to_string(),
            "new.json: 0 passed, 0 failed, 2 skipped (a format that this build does not know)"
        );
        let run = run_file("broken.json", "{").unwrap();
        assert_eq!(run.report.failed.len(), 1);
    }
}

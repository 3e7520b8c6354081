//! Runs the files `ecommpay-*.json` through `kassa-providers` and `kassa-keys`.
//!
//! What the runners leave out, and why, is said by [`Run::left_out`]; nothing is counted as
//! passed that was not compared.

mod callback;
mod natural_order;
mod payment_page_url;
mod sign;

use std::collections::BTreeMap;

use kassa_checkout::message::Purpose;
use kassa_keys::{HmacSha512Key, Keyring};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::Report;

pub use callback::callback;
pub use natural_order::natural_order;
pub use payment_page_url::payment_page_url;
pub use sign::sign;

/// A run over one file.
#[derive(Debug, Default)]
pub struct Run {
    /// The counts.
    pub report: Report,
    /// Why tests were left out, and how many for each reason; they are the report's skipped ones.
    pub left_out: BTreeMap<&'static str, usize>,
}

/// How one test came out.
enum Outcome {
    Passed,
    Failed(String),
    LeftOut(&'static str),
    /// Not a test of anything that Kassa promises.
    NotCounted,
}

impl Run {
    fn add(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.report.passed += 1,
            Outcome::Failed(why) => self.report.failed.push(format!("{name}: {why}")),
            Outcome::LeftOut(why) => {
                self.report.skipped += 1;
                *self.left_out.entry(why).or_default() += 1;
            }
            Outcome::NotCounted => {}
        }
    }
}

/// An error that shows both, when they differ.
fn same(what: &str, ours: &str, wanted: &str) -> Result<(), String> {
    if ours == wanted {
        Ok(())
    } else {
        Err(format!("{what}: wanted {wanted:?}, came {ours:?}"))
    }
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Self::Failed, |()| Self::Passed)
    }
}

#[derive(Deserialize)]
struct File {
    tests: Vec<Box<RawValue>>,
}

/// The tests of a file, and a run that already holds a failure for each that cannot be read.
fn tests<T: DeserializeOwned>(text: &str) -> (Vec<T>, Run) {
    let mut run = Run::default();
    let mut tests = Vec::new();
    match serde_json::from_str::<File>(text) {
        Ok(file) => {
            for (place, test) in file.tests.iter().enumerate() {
                match serde_json::from_str(test.get()) {
                    Ok(test) => tests.push(test),
                    Err(error) => {
                        run.add(&format!("test {place}"), Outcome::Failed(error.to_string()));
                    }
                }
            }
        }
        Err(error) => run.add("file", Outcome::Failed(error.to_string())),
    }
    (tests, run)
}

/// A keyring with the one secret of a test.
fn keyring(secret: &str) -> Keyring {
    let mut keyring = Keyring::default();
    let key = HmacSha512Key::from_bytes_unchecked(secret.as_bytes());
    keyring.add("shop", "ecommpay", Purpose::Payment, key);
    keyring
}

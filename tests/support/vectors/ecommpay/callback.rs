//! `ecommpay-callback.json`: what the signature step says to a body.

use kassa_checkout::{
    RawCallback,
    message::{ContentError, Refused},
};
use kassa_providers::{Settings, build};
use serde::Deserialize;
use serde_json::Value;

use super::{Run, keyring, tests};

#[derive(Deserialize)]
struct Test {
    name: String,
    secret: String,
    input_raw: String,
    want: Value,
}

/// Runs a file of the format of `ecommpay-callback.json`.
///
/// `want` judges the signature step: where it is true, the signature must hold, though a field of
/// another type may still be refused behind it; anywhere else the body must be refused.
#[must_use]
pub fn callback(text: &str) -> Run {
    let (tests, mut run) = tests::<Test>(text);
    for test in tests {
        run.add(&test.name, check(&test).into());
    }
    run
}

fn check(test: &Test) -> Result<(), String> {
    let came = verdict(test)?;
    let holds = matches!(came, Ok(()) | Err(Refused::Content(ContentError::Field(_))));
    let fits = match test.want {
        Value::Bool(true) => holds,
        _ => came.is_err(),
    };
    if fits {
        Ok(())
    } else {
        Err(format!("wanted {}, came {came:?}", test.want))
    }
}

/// What the project that the body names says to it.
fn verdict(test: &Test) -> Result<Result<(), Refused>, String> {
    let settings = Settings::from([("project_id".to_owned(), project(&test.input_raw))]);
    let provider = build("ecommpay", &settings).map_err(|error| error.to_string())?;
    let callbacks = provider
        .callbacks()
        .ok_or("the provider has no callbacks")?;
    let raw = RawCallback::posted(test.input_raw.clone().into_bytes());
    let keyring = keyring(&test.secret);
    Ok(callbacks
        .claim(&raw)
        .map_err(Refused::Content)
        .and_then(|claimed| claimed.verify(&keyring.account("shop", "ecommpay")))
        .map(drop))
}

/// The project that a body names, so that another project is not why it is refused.
fn project(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let places = ["/project_id", "/general/project_id"];
    let named = places
        .iter()
        .find_map(|place| body.pointer(place)?.as_u64());
    named.unwrap_or(120).to_string()
}

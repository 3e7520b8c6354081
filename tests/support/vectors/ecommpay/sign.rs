//! `ecommpay-sign.json`: the string to sign and the signature, byte for byte.

use kassa_checkout::message::{Algorithm, Purpose, Signer};
use kassa_providers::ecommpay::signing;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Outcome, Run, keyring, same, tests};

#[derive(Deserialize)]
struct Test {
    name: String,
    secret: String,
    input: Option<Box<RawValue>>,
    /// The literal JSON text, where that matters.
    input_raw: Option<String>,
    string_to_sign: Option<String>,
    signature: Option<String>,
    recommended: bool,
}

/// Runs a file of the format of `ecommpay-sign.json`. Only recommended tests are counted: the
/// others record what single SDKs do instead.
#[must_use]
pub fn sign(text: &str) -> Run {
    let (tests, mut run) = tests::<Test>(text);
    for test in tests {
        let outcome = if test.recommended {
            check(&test).into()
        } else {
            Outcome::NotCounted
        };
        run.add(&test.name, outcome);
    }
    run
}

fn check(test: &Test) -> Result<(), String> {
    let input = test.input_raw.as_deref();
    let input = input
        .or(test.input.as_ref().map(|raw| raw.get()))
        .ok_or("no input")?;
    let ours = signing::canonical_string(input.as_bytes()).map_err(|error| error.to_string())?;
    let wanted = test.string_to_sign.as_deref().ok_or("no string_to_sign")?;
    same("string_to_sign", &ours, wanted)?;
    let signature = keyring(&test.secret)
        .account("shop", "ecommpay")
        .sign(Algorithm::HmacSha512, Purpose::Payment, ours.as_bytes())
        .map_err(|error| error.to_string())?;
    let wanted = test.signature.as_deref().ok_or("no signature")?;
    same("signature", &signing::encode(&signature), wanted)
}

//! OP's messages as texts to sign.

use kassa_checkout::{Amount, Language, amount::AmountError, provider::BuildError};
use kassa_providers::op::{
    message::{CreatePayment, Endpoints, RefundPayment},
    signing::{Authorization, Lines, key_version},
};
use kassa_references::bridge::{Answer, Refusal, answer, named};
use wasm_bindgen::prelude::*;

use crate::refused;

/// The names of what is signed before the body, as refusals tell them.
const FIELDS: [&str; 8] = [
    "method",
    "contentType",
    "date",
    "signer",
    "apiKey",
    "sessionId",
    "requestId",
    "url",
];

/// The text to sign of a request or a callback, from its nine parts as they are sent.
#[wasm_bindgen]
#[must_use]
pub fn op_signing_input(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let parts: [&str; 9] = named(texts);
        for (name, text) in FIELDS.iter().zip(parts) {
            // A line feed in one part would be another part's beginning.
            if text.chars().any(char::is_control) {
                let expected = [name, ": expected no control characters"].concat();
                return Err(Refusal::new("op/character", name, &expected));
            }
        }
        let [
            method,
            content_type,
            date,
            signer,
            api_key,
            session_id,
            request_id,
            url,
            body,
        ] = parts;
        let lines = Lines {
            method,
            content_type,
            date,
            signer,
            api_key,
            session_id,
            request_id,
            url,
            body: body.as_bytes(),
        };
        Ok(lines.to_bytes())
    })
}

/// The header `Authorization` but for the signature, which comes at its end in hexadecimal.
#[wasm_bindgen]
#[must_use]
pub fn op_authorization(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [signer, version] = named(texts);
        let version = key_version(version)
            .ok_or_else(|| refused(BuildError::new("op/limit", "keyVersion", "0 to 9999")))?;
        Ok(Authorization::prefix(signer, version).into())
    })
}

/// Checks the fields of Create payment, of which empty ones are left out, and answers with the
/// amount as OP writes it. JavaScript writes the body.
#[wasm_bindgen]
#[must_use]
pub fn op_payment(texts: usize) -> i32 {
    answer(texts, &payment)
}

/// Checks the fields of a refund that bears a reference, and answers with the amount as OP writes
/// it.
#[wasm_bindgen]
#[must_use]
pub fn op_refund(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [cents, reference] = named(texts);
        let amount = amount(cents)?;
        RefundPayment::with_reference(amount, reference).map_err(refused)?;
        Ok(amount.with_point().into())
    })
}

fn payment(texts: &str) -> Answer {
    let [
        account_id,
        cents,
        reference,
        success,
        cancel,
        reject,
        language,
        backend,
    ] = named(texts);
    let amount = amount(cents)?;
    let endpoints = Endpoints::new(success, cancel, reject).map_err(refused)?;
    let payment = CreatePayment::new(account_id, amount, reference, endpoints).map_err(refused)?;
    if !language.is_empty() && !Language::ALL.iter().any(|known| known.code() == language) {
        let expected = "fi, sv or en";
        return Err(refused(BuildError::new("op/limit", "language", expected)));
    }
    if !backend.is_empty() {
        payment.b2b_backend(backend).map_err(refused)?;
    }
    Ok(amount.with_point().into())
}

fn amount(cents: &str) -> Result<Amount, Refusal> {
    let cents = cents.parse().map_err(|_| refused(AmountError::TooLarge))?;
    Amount::from_cents(cents).map_err(refused)
}

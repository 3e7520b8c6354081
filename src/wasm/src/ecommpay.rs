//! ecommpay's messages as texts to sign, and its built-in banks.

use kassa_checkout::{Timestamp, provider::BuildError};
use kassa_providers::ecommpay::{GateUrl, PageUrl, Parameters, PaymentPage, banks, signing};
use kassa_references::bridge::{Refusal, answer, answer_one, lines, named};
use wasm_bindgen::prelude::*;

use crate::refused;

/// Builds a Payment Page request from a JSON object of its documented parameters; `now` in
/// milliseconds since the epoch, in digits; `action` the page's address, ecommpay's own when
/// empty. Answers with the text to sign, the address, and a name and a value in turn.
#[wasm_bindgen]
#[must_use]
pub fn ecommpay_page(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [parameters, now, action] = named(texts);
        let parameters = Parameters::from_json(parameters.as_bytes()).map_err(refused)?;
        let action = if action.is_empty() {
            PageUrl::ECOMMPAY
        } else {
            action
        };
        let action = PageUrl::parse(action)
            .ok_or_else(|| BuildError::new("ecommpay/action", "action", PageUrl::EXPECTED))
            .map_err(refused)?;
        let now = Timestamp::from_millis(now.parse().unwrap_or_default());
        let page = PaymentPage::new(parameters, now).map_err(refused)?;
        let to_sign = page.parameters().string_to_sign();
        let mut parts = vec![to_sign.as_str(), action.as_str()];
        for (name, value) in page.parameters().pairs() {
            parts.extend([name.as_str(), value.as_str()]);
        }
        Ok(lines(&parts).into())
    })
}

/// Builds a request to the Gate from the JSON text of its message; `gate` the Gate's address,
/// ecommpay's own when empty. Answers with the address before the path and the text to
/// sign.
#[wasm_bindgen]
#[must_use]
pub fn ecommpay_gate(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [message, gate] = named(texts);
        let gate = if gate.is_empty() {
            GateUrl::default()
        } else {
            GateUrl::parse(gate)
                .ok_or_else(|| BuildError::new("ecommpay/gate", "gate", GateUrl::EXPECTED))
                .map_err(refused)?
        };
        Ok(lines(&[gate.as_str(), &signing_input(message)?]).into())
    })
}

/// The text to sign of any JSON object.
#[wasm_bindgen]
#[must_use]
pub fn ecommpay_signing_input(json: usize) -> i32 {
    answer_one(json, signing_input)
}

/// The built-in banks that are open, for when the live list is not at hand: in five lines each,
/// Kassa's name, the Finnish, Swedish and English ones, and the BIC.
#[wasm_bindgen]
#[must_use]
pub fn ecommpay_banks() -> i32 {
    answer(0, &|_| {
        let open = banks::TABLE.iter().filter(|bank| !bank.closed);
        let parts: Vec<&str> = open
            .flat_map(|bank| {
                let [fi, sv, en] = bank.names;
                [bank.slug, fi, sv, en, bank.bic]
            })
            .collect();
        Ok(lines(&parts).into())
    })
}

fn signing_input(json: &str) -> Result<String, Refusal> {
    signing::canonical_string(json.as_bytes())
        .map_err(|error| Refusal::new("ecommpay/json", "json", &error.to_string()))
}

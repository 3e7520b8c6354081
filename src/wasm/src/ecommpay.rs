//! ecommpay's messages as bytes to sign, and its built-in banks.

use js_sys::JSON;
use kassa_checkout::{
    Timestamp,
    bank::{BankId, Names},
    provider::BuildError,
};
use kassa_providers::ecommpay::{PageUrl, Parameters, PaymentPage, banks, signing};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{
    convert::out,
    error::{from_coded, kassa_error},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnsignedForm<'a> {
    signing_input: String,
    action: &'a str,
    fields: &'a [(String, String)],
}

/// Builds a Payment Page request from its documented parameters; `now` in milliseconds since the
/// epoch, `action` the page's address, ecommpay's own when absent.
///
/// # Errors
/// An `ecommpay/…` code with the parameter in `field`.
#[wasm_bindgen(js_name = ecommpayPaymentPage)]
pub fn payment_page(
    parameters: &JsValue,
    now: u64,
    action: Option<String>,
) -> Result<JsValue, JsValue> {
    let document: String = JSON::stringify(parameters)
        .ok()
        .and_then(|text| text.as_string())
        .ok_or_else(|| {
            kassa_error(
                "argument/shape",
                "parameters: expected an object",
                None,
                None,
            )
        })?;
    let parameters = Parameters::from_json(document.as_bytes()).map_err(from_coded)?;
    let action = action.as_deref().unwrap_or(PageUrl::ECOMMPAY);
    let action = PageUrl::parse(action)
        .ok_or_else(|| BuildError::new("ecommpay/action", "action", PageUrl::EXPECTED))
        .map_err(from_coded)?;
    let page = PaymentPage::new(parameters, Timestamp::from_millis(now)).map_err(from_coded)?;
    out(&UnsignedForm {
        signing_input: page.parameters().string_to_sign(),
        action: action.as_str(),
        fields: page.parameters().pairs(),
    })
}

/// The string to sign of any JSON object, for comparing when a signature is refused.
///
/// # Errors
/// `ecommpay/json` when the text is not one strict JSON object.
#[wasm_bindgen(js_name = ecommpaySigningInput)]
pub fn signing_input(json: &str) -> Result<String, JsValue> {
    signing::canonical_string(json.as_bytes())
        .map_err(|error| kassa_error("ecommpay/json", &error.to_string(), Some("json"), None))
}

#[derive(Serialize)]
struct BankOut {
    id: BankId,
    names: Names,
    bic: Option<String>,
}

/// The built-in banks that are open, for when the live list is not at hand.
///
/// # Errors
/// None that a caller can cause.
#[wasm_bindgen(js_name = ecommpayBanks)]
pub fn open_banks() -> Result<JsValue, JsValue> {
    let banks: Vec<BankOut> = banks::open()
        .map(|bank| BankOut {
            id: bank.id,
            names: bank.names,
            bic: bank.bic,
        })
        .collect();
    out(&banks)
}

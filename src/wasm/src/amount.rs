//! Amounts: whole cents in, the forms that providers want out.

use kassa_checkout::Amount;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{
    convert::out,
    error::{from_coded, from_shape},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AmountForms {
    cents: u64,
    minor_units: String,
    with_point: String,
    with_comma: String,
}

/// Checks an amount in whole cents and writes it as each provider wants it.
///
/// # Errors
/// `amount/zero`, `amount/too-large`, `argument/shape` (not a whole number).
#[wasm_bindgen(js_name = formatAmount)]
pub fn format_amount(cents: JsValue) -> Result<JsValue, JsValue> {
    let cents: u64 = serde_wasm_bindgen::from_value(cents).map_err(from_shape)?;
    forms(Amount::from_cents(cents).map_err(from_coded)?)
}

/// Reads an amount with exactly two decimals, after a point or a comma.
///
/// # Errors
/// `amount/format`, `amount/zero`, `amount/too-large`.
#[wasm_bindgen(js_name = parseAmount)]
pub fn parse_amount(text: &str) -> Result<JsValue, JsValue> {
    forms(Amount::parse_decimal(text).map_err(from_coded)?)
}

fn forms(amount: Amount) -> Result<JsValue, JsValue> {
    out(&AmountForms {
        cents: amount.cents(),
        minor_units: amount.minor_units(),
        with_point: amount.with_point(),
        with_comma: amount.with_comma(),
    })
}

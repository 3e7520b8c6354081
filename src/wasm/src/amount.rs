//! Amounts: whole cents in, the forms that providers want out.

use kassa_checkout::Amount;
use kassa_references::bridge::{answer_one, lines};
use wasm_bindgen::prelude::*;

use crate::refused;

/// Checks an amount in whole cents, given in digits, and writes it as each provider wants it.
#[wasm_bindgen]
#[must_use]
pub fn format_amount(cents: usize) -> i32 {
    answer_one(cents, |cents| {
        // The JavaScript half writes digits; more than fit are too many.
        let cents = cents.parse().unwrap_or(u64::MAX);
        Ok(forms(Amount::from_cents(cents).map_err(refused)?))
    })
}

/// Reads an amount with exactly two decimals, after a point or a comma.
#[wasm_bindgen]
#[must_use]
pub fn read_amount(text: usize) -> i32 {
    answer_one(text, |text| {
        Ok(forms(Amount::parse_decimal(text).map_err(refused)?))
    })
}

/// In cents, with a point, with a comma.
fn forms(amount: Amount) -> String {
    lines(&[
        &amount.minor_units(),
        &amount.with_point(),
        &amount.with_comma(),
    ])
}

//! Accounts and banks.

use viite::{Bank, Bic, FiIban};
use wasm_bindgen::prelude::*;

use crate::bridge::{answer_one, holds, lines};

/// Whether a text is a Finnish IBAN.
#[wasm_bindgen]
#[must_use]
pub fn is_iban(text: usize) -> bool {
    holds(text, |text| FiIban::parse(text).is_ok())
}

/// Reads a Finnish IBAN.
#[wasm_bindgen]
#[must_use]
pub fn read_iban(text: usize) -> i32 {
    answer_one(text, |text| Ok(forms(&FiIban::parse(text)?)))
}

/// Makes the IBAN of an old account number.
#[wasm_bindgen]
#[must_use]
pub fn make_iban(account: usize) -> i32 {
    answer_one(account, |account| Ok(forms(&FiIban::from_bban(account)?)))
}

/// Reads a BIC of any country.
#[wasm_bindgen]
#[must_use]
pub fn read_bic(text: usize) -> i32 {
    answer_one(text, |text| {
        Ok(String::from(Bic::parse(text)?.to_machine()))
    })
}

/// Machine form, print form, account, BIC, bank, and `1` where the national check digit fits.
fn forms(iban: &FiIban) -> String {
    let bank = match iban.bank() {
        Bank::Current { code, .. } => code.holder,
        _ => "",
    };
    lines(&[
        iban.to_machine(),
        &iban.to_print(),
        iban.account(),
        iban.bic().unwrap_or_default(),
        bank,
        if iban.national_check_ok() { "1" } else { "" },
    ])
}

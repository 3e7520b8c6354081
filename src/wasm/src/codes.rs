//! What stands on an invoice: bank bar codes, QR codes, and the seller's VAT number.

use kassa_references::bridge::{Answer, answer, answer_one, lines, named, push_number};
use viite::{BankBarcode, BusinessId, DueDate, EpcQr, QrVersion, Reference};
use wasm_bindgen::prelude::*;

/// Makes a bank bar code; `cents` in digits, `due` empty or `YYYY-MM-DD`.
#[wasm_bindgen]
#[must_use]
pub fn make_barcode(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [iban, reference, cents, due] = named(texts);
        let due = (!due.is_empty()).then_some(due);
        let code = BankBarcode::from_text(iban, reference, number(cents), due)?;
        Ok(code.to_machine().into())
    })
}

/// Reads a bank bar code.
#[wasm_bindgen]
#[must_use]
pub fn read_barcode(digits: usize) -> i32 {
    answer_one(digits, |digits| {
        let code = BankBarcode::parse(digits)?;
        let mut cents = String::new();
        push_number(&mut cents, code.cents());
        Ok(lines(&[
            code.iban().to_machine(),
            code.reference().to_machine(),
            &cents,
            &code.due().map(DueDate::to_iso).unwrap_or_default(),
        ]))
    })
}

/// The values of the Code 128 symbol of a bank bar code, a byte each.
#[wasm_bindgen]
#[must_use]
pub fn barcode_symbol(digits: usize) -> i32 {
    answer(digits, &|texts| {
        Ok(BankBarcode::parse(texts)?.symbol_values().to_vec())
    })
}

/// Makes the text of a credit transfer QR code; what is empty is left out. An amount is given in
/// cents or as it is to stand there.
#[wasm_bindgen]
#[must_use]
pub fn make_qr_text(texts: usize) -> i32 {
    answer(texts, &qr_text)
}

/// The VAT number of a business id.
#[wasm_bindgen]
#[must_use]
pub fn vat_number(id: usize) -> i32 {
    answer_one(id, |id| Ok(BusinessId::parse(id)?.to_vat_number()))
}

fn qr_text(texts: &str) -> Answer {
    let [
        name,
        iban,
        bic,
        cents,
        amount,
        reference,
        any_reference,
        text,
        due,
        version,
        purpose,
        info,
    ] = named(texts);
    let mut qr = EpcQr::new(name, iban)
        .bic(bic)
        .amount_text(amount)
        .purpose(purpose)
        .reference_text(any_reference)
        .text(text)
        .info(info);
    if !version.is_empty() {
        qr = qr.version(QrVersion::parse(version)?);
    }
    if !cents.is_empty() {
        qr = qr.cents(number(cents));
    }
    if !reference.is_empty() {
        qr = qr.reference(&Reference::parse(reference)?);
    }
    if !due.is_empty() {
        qr = qr.due(DueDate::parse(due)?);
    }
    Ok(qr.payload()?.into_bytes())
}

/// Cents in digits, as the JavaScript half writes them. More than fit are too many for any code.
fn number(digits: &str) -> u64 {
    digits.bytes().fold(0_u64, |number, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit & 0x0f))
    })
}

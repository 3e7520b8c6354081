//! References, accounts, bar codes and QR texts.

use serde::{Deserialize, Serialize};
use viite::{
    Bank, BankBarcode, BusinessId, DueDate, EpcQr, FiIban, NationalReference, Reference,
    RfReference,
};
use wasm_bindgen::prelude::*;

use crate::{
    convert::out,
    error::{from_shape, from_viite},
};

#[derive(Serialize)]
struct ReferenceForms {
    kind: &'static str,
    machine: String,
    print: String,
    rf: String,
    national: Option<String>,
}

impl From<&Reference> for ReferenceForms {
    fn from(reference: &Reference) -> Self {
        Self {
            kind: match reference {
                Reference::National(_) => "national",
                Reference::Rf(_) => "rf",
            },
            machine: reference.to_machine().to_owned(),
            print: reference.to_print(),
            rf: reference.to_rf().to_machine().to_owned(),
            national: reference
                .to_national()
                .ok()
                .map(|national| national.to_machine().to_owned()),
        }
    }
}

/// Reads a national or an RF reference, with or without spaces.
///
/// # Errors
/// A `reference/…` code; `position` tells the offending character.
#[wasm_bindgen(js_name = parseReference)]
pub fn parse_reference(text: &str) -> Result<JsValue, JsValue> {
    reference_out(&Reference::parse(text).map_err(from_viite)?)
}

/// Makes a national reference: the base with its check digit.
///
/// # Errors
/// A `reference/…` code, for anything but 3 to 19 significant digits.
#[wasm_bindgen(js_name = createReference)]
pub fn create_reference(base: &str) -> Result<JsValue, JsValue> {
    let national = NationalReference::create(base).map_err(from_viite)?;
    reference_out(&Reference::National(national))
}

/// Makes an RF creditor reference (ISO 11649) around 1 to 21 letters and digits.
///
/// # Errors
/// A `reference/…` code.
#[wasm_bindgen(js_name = createRfReference)]
pub fn create_rf_reference(body: &str) -> Result<JsValue, JsValue> {
    reference_out(&Reference::Rf(
        RfReference::create(body).map_err(from_viite)?,
    ))
}

/// Makes the references of a run of bases; all of them or none.
///
/// # Errors
/// A `reference/…` code when any of them could not be made.
#[wasm_bindgen(js_name = createReferences)]
pub fn create_references(start: &str, count: u32, step: u32) -> Result<Vec<String>, JsValue> {
    let bulk =
        NationalReference::bulk(start, u64::from(count), u64::from(step)).map_err(from_viite)?;
    Ok(bulk
        .map(|reference| reference.to_machine().to_owned())
        .collect())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IbanForms {
    machine: String,
    print: String,
    bic: Option<&'static str>,
    bank: Option<&'static str>,
    national_check: bool,
}

/// Reads a Finnish IBAN and tells whose account it is.
///
/// # Errors
/// An `iban/…` code.
#[wasm_bindgen(js_name = parseIban)]
pub fn parse_iban(text: &str) -> Result<JsValue, JsValue> {
    let iban = FiIban::parse(text).map_err(from_viite)?;
    out(&IbanForms {
        machine: iban.to_machine().to_owned(),
        print: iban.to_print(),
        bic: iban.bic(),
        bank: match iban.bank() {
            Bank::Current { code, .. } => Some(code.holder),
            _ => None,
        },
        national_check: iban.national_check_ok(),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Barcode {
    iban: String,
    reference: String,
    cents: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<String>,
}

/// Makes the 54 digits of a bank bar code from `{iban, reference, cents, due?}`.
///
/// # Errors
/// A `barcode/…` code, or `argument/shape`.
#[wasm_bindgen(js_name = createBarcode)]
pub fn create_barcode(parts: JsValue) -> Result<String, JsValue> {
    let parts: Barcode = serde_wasm_bindgen::from_value(parts).map_err(from_shape)?;
    let code = BankBarcode::from_text(
        &parts.iban,
        &parts.reference,
        parts.cents,
        parts.due.as_deref(),
    )
    .map_err(from_viite)?;
    Ok(code.to_machine().to_owned())
}

/// Reads the 54 digits of a bank bar code.
///
/// # Errors
/// A `barcode/…` code.
#[wasm_bindgen(js_name = parseBarcode)]
pub fn parse_barcode(digits: &str) -> Result<JsValue, JsValue> {
    let code = BankBarcode::parse(digits).map_err(from_viite)?;
    out(&Barcode {
        iban: code.iban().to_machine().to_owned(),
        reference: code.reference().to_machine().to_owned(),
        cents: code.cents(),
        due: code.due().map(DueDate::to_iso),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    name: String,
    iban: String,
    #[serde(default)]
    bic: Option<String>,
    #[serde(default)]
    cents: Option<u64>,
    #[serde(default)]
    reference: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    due: Option<String>,
}

/// Makes the text of a credit transfer QR code (EPC069-12) from
/// `{name, iban, bic?, cents?, reference?, text?, due?}`.
///
/// # Errors
/// The code of the part that is wrong, or `argument/shape`.
#[wasm_bindgen(js_name = createQrText)]
pub fn create_qr_text(parts: JsValue) -> Result<String, JsValue> {
    let parts: Transfer = serde_wasm_bindgen::from_value(parts).map_err(from_shape)?;
    let mut qr = EpcQr::new(&parts.name, &parts.iban);
    if let Some(bic) = &parts.bic {
        qr = qr.bic(bic);
    }
    if let Some(cents) = parts.cents {
        qr = qr.cents(cents);
    }
    if let Some(reference) = &parts.reference {
        qr = qr.reference(&Reference::parse(reference).map_err(from_viite)?);
    }
    if let Some(text) = &parts.text {
        qr = qr.text(text);
    }
    if let Some(due) = &parts.due {
        qr = qr.due(DueDate::parse(due).map_err(from_viite)?);
    }
    qr.payload().map_err(from_viite)
}

/// Reads a business id (Y-tunnus) and returns its VAT number.
///
/// # Errors
/// A `business-id/…` code.
#[wasm_bindgen(js_name = vatNumber)]
pub fn vat_number(business_id: &str) -> Result<String, JsValue> {
    Ok(BusinessId::parse(business_id)
        .map_err(from_viite)?
        .to_vat_number())
}

fn reference_out(reference: &Reference) -> Result<JsValue, JsValue> {
    out(&ReferenceForms::from(reference))
}

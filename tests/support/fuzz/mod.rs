//! What must hold of every parser of foreign input, whatever the input: one function a parser.
//!
//! A function panics when its property is broken. `tests/rust/fuzz.rs` feeds it mutations of
//! the corpus on any toolchain; `tests/fuzz` hands it to libFuzzer, which looks for paths not
//! taken before. Inputs lie in `tests/fuzz/corpus/NAME/`.

mod checkout;
mod ecommpay;
mod keys;
mod op;
mod references;
mod server;
mod vetuma;

use http::{HeaderMap, HeaderName, HeaderValue, Response};

/// The API key of the development configuration's shop.
const API_KEY: &str = "kassa_dev_demo_0123456789abcdef0123456789abcdef";

/// A parser of foreign input.
pub(crate) struct Target {
    /// The name: also the folder of its inputs.
    pub(crate) name: &'static str,
    /// Whether the parser takes an input. Panics when the property is broken for it.
    pub(crate) check: fn(&[u8]) -> bool,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    target("national_reference", references::national),
    target("rf_reference", references::rf),
    target("iban", references::iban),
    target("bic", references::bic),
    target("barcode", references::barcode),
    target("epc_qr", references::epc_qr),
    target("business_id", references::business_id),
    target("webhook_signature", keys::webhook_signature),
    target("key_texts", keys::texts),
    target("pem", keys::pem),
    target("json", ecommpay::json),
    target("natural_order", ecommpay::natural_order),
    target("php_number", ecommpay::php_number),
    target("callback", ecommpay::callback),
    target("status_answer", ecommpay::status_answer),
    target("sale_answer", ecommpay::sale_answer),
    target("bank_list", ecommpay::bank_list),
    target("op_callback", op::callback),
    target("op_answer", op::answer),
    target("vetuma_form", vetuma::form),
    target("contract", checkout::contract),
    target("selection", checkout::selection),
    target("create_payment", server::create_payment),
    target("create_refund", server::create_refund),
    target("request_headers", server::request_headers),
    target("pay", server::pay),
    target("hosted_form", server::hosted_form),
    target("list_query", server::list_query),
    target("events_query", server::events_query),
    target("checkout_token", server::checkout_token),
    target("configuration", server::configuration),
    target("clock", server::clock),
    target("retry_after", server::retry_after),
];

const fn target(name: &'static str, check: fn(&[u8]) -> bool) -> Target {
    Target { name, check }
}

/// An answer of HTTP: the three digits of its status, then its body; 200 where they are none.
fn response(data: &[u8]) -> Option<Response<Vec<u8>>> {
    let (digits, body) = match data.split_first_chunk::<3>() {
        Some((digits, body)) => (digits.as_slice(), body),
        None => (&[][..], data),
    };
    let digits = std::str::from_utf8(digits).ok();
    let status = digits.and_then(|digits| digits.parse().ok());
    let answer = Response::builder().status(status.unwrap_or(200_u16));
    answer.body(body.to_vec()).ok()
}

/// Headers of HTTP, a line each.
fn headers(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ")?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(headers)
}

/// Runs a property on input that is text; other bytes reach no parser of text.
fn with_text(data: &[u8], property: impl FnOnce(&str) -> bool) -> bool {
    std::str::from_utf8(data).is_ok_and(property)
}

//! What must hold of every parser of foreign input, whatever the input: one function a parser.
//!
//! A function panics when its property is broken. `tests/rust/fuzz.rs` feeds it mutations of
//! the corpus on any toolchain; `tests/fuzz` hands it to libFuzzer, which looks for paths not
//! taken before. Inputs lie in `tests/fuzz/corpus/NAME/`.

mod checkout;
mod ecommpay;
mod keys;
mod references;
mod server;
mod vetuma;

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
    target("json", ecommpay::json),
    target("natural_order", ecommpay::natural_order),
    target("php_number", ecommpay::php_number),
    target("callback", ecommpay::callback),
    target("status_answer", ecommpay::status_answer),
    target("vetuma_form", vetuma::form),
    target("contract", checkout::contract),
    target("selection", checkout::selection),
    target("create_payment", server::create_payment),
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

/// Runs a property on input that is text; other bytes reach no parser of text.
fn with_text(data: &[u8], property: impl FnOnce(&str) -> bool) -> bool {
    std::str::from_utf8(data).is_ok_and(property)
}

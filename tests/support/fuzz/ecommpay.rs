//! ecommpay's callbacks and answers, and what their signatures are made of.

use std::{cmp::Ordering, sync::LazyLock};

use http::Response;
use kassa_checkout::{
    RawCallback, Verified,
    message::{Algorithm, Purpose, Signer},
    provider::PaymentEvent,
};
use kassa_keys::{HmacSha512Key, Keyring};
use kassa_providers::ecommpay::{
    GateUrl, back, callback, json::Json, natural, php_number, redirect::Schemes, signing,
};

use serde::de::IgnoredAny;
use serde_json::Value;

use super::with_text;

/// Signs the inputs in the corpus; it is the vectors', invented.
const SECRET: &str = "Invented-Callback-Secret-2030";
const PROJECT: u64 = 10_801;
const PAYMENT: &str = "ABC67890";

pub(super) fn json(data: &[u8]) -> bool {
    let ours = Json::read(data);
    let theirs = serde_json::from_slice::<Value>(data);
    if ours.is_ok() {
        // Without a look at numbers: serde_json has no place for large ones.
        let grammar = serde_json::from_slice::<IgnoredAny>(data);
        assert!(grammar.is_ok(), "read, though it is no JSON");
    }
    let Ok(text) = signing::canonical_string(data) else {
        return false;
    };
    assert!(text.len() <= signing::MAX_CANONICAL);
    assert!(matches!(ours, Ok(Json::Object(_))));
    // White space between values is no part of what is signed, nor is the order of keys, unless
    // two compare alike: those stay as they stand.
    if let Ok(value) = theirs
        && is_plain(&value)
    {
        let sorted = serde_json::to_vec(&value).unwrap_or_default();
        assert_eq!(signing::canonical_string(&sorted), Ok(text));
    }
    true
}

/// Three keys on lines of their own.
pub(super) fn natural_order(data: &[u8]) -> bool {
    with_text(data, |text| {
        let keys: Vec<&str> = text.split('\n').take(3).collect();
        let [a, b, c] = keys[..] else { return false };
        for (x, y) in [(a, b), (b, c), (a, c)] {
            assert_eq!(
                natural::compare(x, y),
                natural::compare(y, x).reverse(),
                "{x:?} {y:?}"
            );
            assert_eq!(natural::compare(x, x), Ordering::Equal);
        }
        if natural::compare(a, b) == Ordering::Less && natural::compare(b, c) == Ordering::Less {
            assert_eq!(natural::compare(a, c), Ordering::Less, "{a:?} {b:?} {c:?}");
        }
        // A sort that sees a contradiction may panic.
        let mut many: Vec<&str> = text.split('\n').collect();
        many.sort_by(|x, y| natural::compare(x, y));
        true
    })
}

pub(super) fn php_number(data: &[u8]) -> bool {
    let Ok(Json::Number(literal)) = Json::read(data) else {
        return false;
    };
    let written = php_number::write(&literal);
    assert!(
        !written.is_empty() && written.is_ascii(),
        "{literal} -> {written}"
    );
    if !php_number::is_float(&literal) {
        let digits = literal.strip_prefix('-').unwrap_or(&literal);
        assert!(
            digits.bytes().all(|digit| digit.is_ascii_digit()),
            "{literal} is a float"
        );
    }
    // What PHP wrote, it reads as the same number and writes the same way; but infinity is no
    // number in JSON, and -0 without a fraction is the whole number 0.
    if !written.contains("INF") && written != "-0" {
        assert_eq!(php_number::write(&written), written, "{literal}");
    }
    true
}

/// A callback that verifies says what one of the signed ones said: nobody else has the key.
pub(super) fn callback(data: &[u8]) -> bool {
    let claimed = |data: &[u8]| {
        let raw = RawCallback::posted(data.to_vec());
        let claimed = callback::claim(PROJECT, Schemes::Https, &raw).ok()?;
        let account = KEYS.account("shop", "ecommpay");
        claimed.verify(&account).ok().map(Verified::into_inner)
    };
    let Some(event) = claimed(data) else {
        return false;
    };
    let mut signed = SIGNED_CALLBACKS.iter();
    let known = signed.any(|signed| claimed(signed.as_bytes()).as_ref() == Some(&event));
    assert!(known, "a forgery is believed: {event:?}");
    true
}

/// The same of the answers to our question.
pub(super) fn status_answer(data: &[u8]) -> bool {
    let (status, body) = match data.split_first_chunk::<3>() {
        Some((digits, body)) => (
            std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| digits.parse().ok()),
            body,
        ),
        None => (None, data),
    };
    let Ok(response) = Response::builder()
        .status(status.unwrap_or(200_u16))
        .body(body.to_vec())
    else {
        return false;
    };
    let Some(events) = answered(&response) else {
        return false;
    };
    let mut signed = SIGNED_ANSWERS.iter();
    let known = signed.any(|signed| {
        answered(&Response::new(signed.as_bytes().to_vec())).as_ref() == Some(&events)
    });
    assert!(known, "a forgery is believed: {events:?}");
    true
}

fn answered(response: &Response<Vec<u8>>) -> Option<Vec<PaymentEvent>> {
    let account = KEYS.account("shop", "ecommpay");
    let question = back::ask_status(PROJECT, &GateUrl::default(), PAYMENT).ok()?;
    let (_, reply) = question.sign(&account).ok()?.into_message().into_parts();
    reply
        .read(response, &account)
        .ok()
        .map(Verified::into_inner)
}

static KEYS: LazyLock<Keyring> = LazyLock::new(|| {
    let mut keys = Keyring::default();
    if let Ok(key) = HmacSha512Key::parse(SECRET) {
        keys.add("shop", "ecommpay", Purpose::Payment, key);
    }
    keys
});

/// Messages as the provider would send them, each another one than the rest.
static SIGNED_CALLBACKS: LazyLock<Vec<String>> = LazyLock::new(|| {
    ["success", "decline"].map(|word| signed(&format!(
        r#"{{"project_id":{PROJECT},"payment":{{"id":"{PAYMENT}","type":"purchase","status":"{word}","date":"2020-11-03T15:47:39+0000","method":"Finnish Banks","sum":{{"amount":1000,"currency":"EUR"}},"description":""}},"operation":{{"id":92939010024021,"type":"sale","status":"{word}","date":"2020-11-03T15:47:39+0000","created_date":"2020-11-03T15:47:02+0000","sum_initial":{{"amount":1000,"currency":"EUR"}},"code":"0","message":"","provider":{{"id":3901,"payment_id":"","rate":1.50}}}}}}"#
    ))).into()
});

static SIGNED_ANSWERS: LazyLock<Vec<String>> = LazyLock::new(|| {
    ["success", "decline"].map(|word| signed(&format!(
        r#"{{"status":"success","request_id":"4727897a-00077797","project_id":{PROJECT},"payment_id":"{PAYMENT}","payment":{{"id":"{PAYMENT}","status":"{word}","sum":{{"amount":1000,"currency":"EUR"}}}},"operations":[{{"id":7,"type":"sale","status":"{word}","date":"2020-11-03T14:41:38+0000","code":"0"}}],"errors":[]}}"#
    ))).into()
});

/// A document with its signature at its end.
fn signed(document: &str) -> String {
    let account = KEYS.account("shop", "ecommpay");
    let text = signing::canonical_string(document.as_bytes()).unwrap_or_default();
    let signature = account.sign(Algorithm::HmacSha512, Purpose::Payment, text.as_bytes());
    let signature = signature
        .map(|signature| signing::encode(&signature))
        .unwrap_or_default();
    let open = document.strip_suffix('}').unwrap_or_default();
    format!(r#"{open},"signature":"{signature}"}}"#)
}

/// Whether serde_json writes a document as it was but for white space and the order of keys that
/// never compare alike.
fn is_plain(value: &Value) -> bool {
    let is_word = |key: &String| key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
    match value {
        Value::Number(number) => number.is_u64() || number.is_i64(),
        Value::Array(list) => list.iter().all(is_plain),
        Value::Object(entries) => entries
            .iter()
            .all(|(key, value)| is_word(key) && is_plain(value)),
        _ => true,
    }
}

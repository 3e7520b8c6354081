//! ecommpay's callbacks and answers, and what their signatures are made of.

use std::{cmp::Ordering, sync::LazyLock};

use http::Response;
use kassa_checkout::{
    Amount, BankId, Call, Customer, Language, Order, RawCallback, Timestamp, Unsigned, Verified,
    message::{Algorithm, Purpose, Signer},
    order::{CallContext, Context},
    provider::{Choice, Next, Opened, PaymentEvent, Provider},
};
use kassa_keys::{HmacSha512Key, Keyring};
use kassa_providers::{
    ecommpay::{
        GateUrl, back, callback, json::Json, natural, php_number, redirect::Schemes, signing,
    },
    registry,
};

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{response, with_text};

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
    // number in JSON, -0 without a fraction is the whole number 0, and where it rounded a tie to
    // all its 14 digits, zeros at their end are not written the second time.
    if !written.contains("INF") && written != "-0" {
        let again = match written.split_once('E') {
            Some((digits, power)) if digits.trim_start_matches('-').len() == "1.".len() + 13 => {
                let kept = digits.trim_end_matches('0');
                let zero = if kept.ends_with('.') { "0" } else { "" };
                format!("{kept}{zero}E{power}")
            }
            _ => written.clone(),
        };
        assert_eq!(php_number::write(&written), again, "{literal}");
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
    let Some(response) = response(data) else {
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

/// The same of the answers to a sale, which begins nothing unless it is believed.
pub(super) fn sale_answer(data: &[u8]) -> bool {
    let Some(opened) = response(data).and_then(|response| begun(&response)) else {
        return false;
    };
    assert_eq!(opened.next, Next::Await, "an answer says where to go");
    let body = data.get(3..).unwrap_or_default();
    // White space is no part of what is signed.
    let canonical = |body| signing::canonical_string(body).ok();
    let mut signed = SIGNED_SALES.iter();
    let known = signed.any(|signed| canonical(signed.as_bytes()) == canonical(body));
    assert!(known, "a forgery is believed");
    true
}

fn begun(response: &Response<Vec<u8>>) -> Option<Opened> {
    let account = KEYS.account("shop", "ecommpay");
    let call = sale(&BankId::parse("nordea").ok()?)?;
    let (_, reply) = call.sign(&account).ok()?.into_message().into_parts();
    let opened = reply.read(response, &account).ok()?;
    Some(opened.into_inner())
}

/// The banks of the Gate's answer: each once, each with a name that can be shown, each to pay at.
pub(super) fn bank_list(data: &[u8]) -> bool {
    let (Some(response), Some(banks)) = (
        response(data),
        GATE.as_ref().and_then(|gate| gate.bank_list()),
    ) else {
        return false;
    };
    let account = KEYS.account("shop", "ecommpay");
    let amount = Amount::from_cents(1_000).ok();
    let asked = amount.and_then(|amount| banks.ask_banks(amount, &call_context()).ok());
    let read = asked.and_then(|asked| {
        let (_, reply) = asked.sign(&account).ok()?.into_message().into_parts();
        reply
            .read(&response, &account)
            .ok()
            .map(Verified::into_inner)
    });
    let Some(banks) = read else { return false };
    for (place, bank) in banks.iter().enumerate() {
        let mut others = banks.iter().skip(place + 1);
        assert!(others.all(|other| other.id != bank.id), "{} twice", bank.id);
        assert!(!bank.names.fi.chars().any(char::is_control), "{bank:?}");
        assert!(sale(&bank.id).is_some(), "{} cannot be paid at", bank.id);
    }
    !banks.is_empty()
}

/// A sale at a bank.
fn sale(bank: &BankId) -> Option<Unsigned<Call<Opened>>> {
    let order = Order {
        provider_payment_id: PAYMENT.to_owned(),
        amount: Amount::from_cents(1_000).ok()?,
        reference: "1232".to_owned(),
        description: None,
        customer: Customer {
            id: "c1".to_owned(),
            ..Customer::default()
        },
    };
    let call = call_context();
    let context = Context {
        now: call.now,
        request_id: call.request_id,
        session_id: call.session_id,
        language: Language::Fi,
        expires_at: call.now.plus_seconds(600),
        callback_url: "https://kassa.example/callbacks/ecommpay".to_owned(),
        return_url: "https://kassa.example/return/t".to_owned(),
        customer_ip: Some([66, 249, 64, 45].into()),
    };
    let payments = GATE.as_ref()?.payments();
    let begun = payments.create_payment(&order, &Choice::Bank(bank.clone()), &context);
    begun.ok()?.into_call()
}

fn call_context() -> CallContext {
    CallContext {
        now: Timestamp::from_millis(1_604_414_498_000),
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
        session_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
    }
}

/// An account whose banks are come to through the Gate.
static GATE: LazyLock<Option<Box<dyn Provider>>> = LazyLock::new(|| {
    let project = PROJECT.to_string();
    let settings = [("project_id", project.as_str()), ("bank_payments", "gate")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    registry::build("ecommpay", &settings.into()).ok()
});

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

static SIGNED_SALES: LazyLock<Vec<String>> = LazyLock::new(|| {
    ["4727897a-00077797", "4727897a-00077798"].map(|request| signed(&format!(
        r#"{{"status":"success","request_id":"{request}","project_id":{PROJECT},"payment_id":"{PAYMENT}"}}"#
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

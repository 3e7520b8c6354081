//! The contract's JSON read field by field: a deserialiser would weigh more than the screens.
//!
//! Whatever is missing or of another type gives `None`, never an exception.

use js_sys::{Array, JSON, Reflect};
use kassa_checkout::{
    Bank, BankId, Currency, Names, Status, Timestamp,
    bank::Unavailable,
    contract::{ChooseAt, FormField, Method, NextStep, PaymentStatus, Session},
    selection::OptionName,
};
use wasm_bindgen::{JsCast, JsValue};

/// Reads `GET …/session`.
pub(super) fn session(json: &JsValue) -> Option<Session> {
    Some(Session {
        payee: text(json, "payee")?,
        amount_cents: number(json, "amount_cents")?,
        currency: Currency::Eur,
        reference: text(json, "reference")?,
        order: text(json, "order").unwrap_or_default(),
        description: text(json, "description"),
        language: text(json, "language")
            .and_then(|code| super::language(&code))
            .unwrap_or_default(),
        option: option(&text(json, "option")?),
        choose_at: match text(json, "choose_at")?.as_str() {
            "provider" => ChooseAt::Provider,
            _ => ChooseAt::Kassa,
        },
        methods: list(json, "methods", method),
        banks: list(json, "banks", bank),
        status: status(&value(json, "status")?)?,
        expires_at: Timestamp::from_millis(number(json, "expires_at")?),
    })
}

/// Reads `GET …/status` and the messages of the stream.
pub(super) fn status(json: &JsValue) -> Option<PaymentStatus> {
    Some(PaymentStatus {
        status: status_word(&text(json, "status")?),
        bank: text(json, "bank").and_then(|id| BankId::parse(&id).ok()),
        bank_names: value(json, "bank_names").as_ref().and_then(names),
        can_pay: flag(json, "can_pay"),
        chosen_at: time(json, "chosen_at"),
        accepted_at: time(json, "accepted_at"),
        changed_at: time(json, "changed_at").unwrap_or_default(),
        version: number(json, "version")?,
        // Empty where the shell saw that it leads to the very page that this is.
        return_url: text(json, "return_url").filter(|url| url.is_empty() || is_web(url))?,
        refunded_cents: number(json, "refunded_cents").unwrap_or_default(),
        refunding_cents: number(json, "refunding_cents").unwrap_or_default(),
        next: value(json, "next").as_ref().and_then(next_step),
    })
}

/// Reads the answer of `POST …/pay`.
pub(super) fn next_step(json: &JsValue) -> Option<NextStep> {
    let url = || text(json, "url").filter(|url| is_web(url));
    match text(json, "kind")?.as_str() {
        "redirect" => Some(NextStep::Redirect { url: url()? }),
        "post_form" => Some(NextStep::PostForm {
            url: url()?,
            fields: list(json, "fields", field),
        }),
        "await" => Some(NextStep::Await),
        _ => None,
    }
}

/// Writes the body of `POST …/pay`; empty words are left out.
pub(super) fn pay_request(bank: &str, method: &str, language: &str) -> String {
    let mut body = String::from("{");
    for (key, value) in [("bank", bank), ("method", method), ("language", language)] {
        if let (false, Ok(quoted)) = (value.is_empty(), JSON::stringify(&JsValue::from_str(value)))
        {
            if body.len() > 1 {
                body.push(',');
            }
            for piece in ["\"", key, "\":", &String::from(quoted)] {
                body.push_str(piece);
            }
        }
    }
    body.push('}');
    body
}

/// Whether an address may be gone to: `javascript:` and the like are none.
fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Words for statuses; one that is not known means pending.
fn status_word(word: &str) -> Status {
    const KNOWN: [Status; 12] = [
        Status::Created,
        Status::Redirected,
        Status::Pending,
        Status::AwaitingConfirmation,
        Status::Paid,
        Status::Declined,
        Status::Cancelled,
        Status::Expired,
        Status::Failed,
        Status::PartiallyRefunded,
        Status::Refunded,
        Status::Reversed,
    ];
    KNOWN
        .into_iter()
        .find(|status| status.as_str() == word)
        .unwrap_or(Status::Pending)
}

/// Words for the six ways; one that is not known shows the banks.
fn option(word: &str) -> OptionName {
    match word {
        "method_then_bank" => OptionName::MethodThenBank,
        "banks_among_methods" => OptionName::BanksAmongMethods,
        "banks_in_group" => OptionName::BanksInGroup,
        "named_banks" => OptionName::NamedBanks,
        "single_bank" => OptionName::SingleBank,
        _ => OptionName::AllBanks,
    }
}

fn method(json: &JsValue) -> Option<Method> {
    Some(Method {
        code: text(json, "code")?,
        names: names(&value(json, "names")?)?,
    })
}

fn bank(json: &JsValue) -> Option<Bank> {
    Some(Bank {
        id: BankId::parse(&text(json, "id")?).ok()?,
        names: names(&value(json, "names")?)?,
        mark: text(json, "mark").unwrap_or_default(),
        hue: u16::try_from(number(json, "hue").unwrap_or_default()).unwrap_or_default(),
        aliases: list(json, "aliases", JsValue::as_string),
        bic: text(json, "bic"),
        unavailable: value(json, "unavailable").map(|why| unavailable(&why)),
        logo: text(json, "logo"),
    })
}

fn unavailable(json: &JsValue) -> Unavailable {
    match text(json, "why").as_deref() {
        Some("maintenance") => Unavailable::Maintenance {
            until: number(json, "until"),
        },
        Some("amount") => Unavailable::Amount,
        _ => Unavailable::Disrupted,
    }
}

fn field(json: &JsValue) -> Option<FormField> {
    Some(FormField {
        name: text(json, "name")?,
        value: text(json, "value")?,
    })
}

fn names(json: &JsValue) -> Option<Names> {
    Some(Names {
        fi: text(json, "fi")?,
        sv: text(json, "sv")?,
        en: text(json, "en")?,
    })
}

fn time(json: &JsValue, key: &str) -> Option<Timestamp> {
    number(json, key).map(Timestamp::from_millis)
}

fn text(json: &JsValue, key: &str) -> Option<String> {
    value(json, key)?.as_string()
}

fn flag(json: &JsValue, key: &str) -> bool {
    value(json, key).is_some_and(|value| value.is_truthy())
}

/// A whole number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "JSON numbers are floats in JS; the contract's are whole and below 2^53, and the cast \
              saturates"
)]
fn number(json: &JsValue, key: &str) -> Option<u64> {
    value(json, key)?.as_f64().map(|number| number as u64)
}

/// The readable entries of a list.
fn list<T>(json: &JsValue, key: &str, read: fn(&JsValue) -> Option<T>) -> Vec<T> {
    let mut entries = Vec::new();
    if let Some(array) = value(json, key).filter(Array::is_array) {
        let array: Array = array.unchecked_into();
        for index in 0..array.length() {
            entries.extend(read(&array.get(index)));
        }
    }
    entries
}

/// A property that is there and not null.
fn value(json: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(json, &JsValue::from_str(key))
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

//! Reading callbacks: strictly, and believing nothing.
//!
//! The signature covers neither types nor the borders between values, and the customer sees the
//! signature of the page. So a callback must also look like one: see "Forgeries" in `FACTS.md`.

use kassa_checkout::{
    Claimed, Timestamp,
    lifecycle::{Evidence, Rank},
    message::{Algorithm, ContentError, Purpose, RawCallback},
    provider::PaymentEvent,
};

use super::{
    json::{Json, JsonError},
    message, php_number,
    signing::{self, Numbers},
    status,
};
use crate::date;

/// Reads a callback of the project so far that its signature can be checked.
///
/// # Errors
/// [`ContentError`] when it is too large, not JSON, holds a key twice, or does not hold exactly
/// one signature in the exact encoding. All other faults are told after the signature held.
pub fn claim(project_id: u64, raw: &RawCallback) -> Result<Claimed<PaymentEvent>, ContentError> {
    let mut document = Json::read(&raw.body).map_err(unreadable)?;
    let signature = take_signature(&mut document)?;
    let mut candidates = vec![canonical(&document, Numbers::Php)?];
    if holds_float(&document) {
        // How the platform writes fractions is known from its SDKs only, so the digits that were
        // sent are tried too. Both need the key.
        candidates.push(canonical(&document, Numbers::Literal)?);
    }
    Ok(Claimed::new(
        routing(&document),
        Algorithm::HmacSha512,
        Purpose::Payment,
        candidates,
        signature,
        read(project_id, &document),
    ))
}

fn unreadable(error: JsonError) -> ContentError {
    match error {
        JsonError::TooLarge => ContentError::TooLarge,
        JsonError::DuplicateKey => ContentError::DuplicateKey,
        JsonError::TooDeep | JsonError::Malformed => ContentError::Malformed,
    }
}

fn canonical(document: &Json, numbers: Numbers) -> Result<Vec<u8>, ContentError> {
    let text = signing::canonical(document, numbers).map_err(unreadable)?;
    Ok(text.into_bytes())
}

/// Takes the signature out of its place: at the top, or in `general`.
fn take_signature(document: &mut Json) -> Result<Vec<u8>, ContentError> {
    let Json::Object(top) = document else {
        return Err(ContentError::Malformed);
    };
    if top.iter().map(count_signatures).sum::<usize>() != 1 {
        return Err(ContentError::Signature);
    }
    let taken = take(top, "signature").or_else(|| {
        let general = top.iter_mut().find(|(key, _)| key == "general");
        match general {
            Some((_, Json::Object(entries))) => take(entries, "signature"),
            _ => None,
        }
    });
    taken
        .as_ref()
        .and_then(Json::as_text)
        .and_then(signing::decode)
        .ok_or(ContentError::Signature)
}

fn take(entries: &mut Vec<(String, Json)>, name: &str) -> Option<Json> {
    let place = entries.iter().position(|(key, _)| key == name)?;
    Some(entries.remove(place).1)
}

fn count_signatures((key, value): &(String, Json)) -> usize {
    usize::from(key == "signature") + count_below(value)
}

fn count_below(value: &Json) -> usize {
    match value {
        Json::Object(entries) => entries.iter().map(count_signatures).sum(),
        Json::List(items) => items.iter().map(count_below).sum(),
        _ => 0,
    }
}

fn holds_float(value: &Json) -> bool {
    match value {
        Json::Number(literal) => php_number::is_float(literal),
        Json::Object(entries) => entries.iter().any(|(_, value)| holds_float(value)),
        Json::List(items) => items.iter().any(holds_float),
        _ => false,
    }
}

/// Which payment it claims to be about; empty when it does not say.
fn routing(document: &Json) -> String {
    let id = |object, key| document.get(object)?.get(key)?.as_text();
    id("payment", "id")
        .or_else(|| id("general", "payment_id"))
        .unwrap_or_default()
        .to_owned()
}

fn read(project_id: u64, document: &Json) -> Result<PaymentEvent, ContentError> {
    refuse_request(document)?;
    check_project(project_id, document.get("project_id"), "project_id")?;
    let general = document.get("general");
    let general_project = general.and_then(|general| general.get("project_id"));
    check_project(project_id, general_project, "general.project_id")?;

    let payment = object(document, "payment")?;
    let operation = object(document, "operation")?;
    let payment_id = text(payment, "id", "payment.id")?;
    let general_payment = general.and_then(|general| general.get("payment_id"));
    if general_payment.is_some_and(|id| id.as_text() != Some(payment_id)) {
        return Err(ContentError::Field("general.payment_id"));
    }
    Ok(PaymentEvent {
        provider_payment_id: payment_id.to_owned(),
        evidence: evidence(payment, operation)?,
    })
}

fn evidence(payment: &Json, operation: &Json) -> Result<Evidence, ContentError> {
    let word = text(payment, "status", "payment.status")?;
    let sum = object_at(payment, "sum", "payment.sum")?;
    let amount_cents = number(sum, "amount", "payment.sum.amount")?;
    let currency = text(sum, "currency", "payment.sum.currency")?;
    let id = number(operation, "id", "operation.id")?;
    let kind = text(operation, "type", "operation.type")?;
    let operation_status = text(operation, "status", "operation.status")?;
    let code = code(operation)?;
    Ok(Evidence {
        key: format!("{id}/{operation_status}/{word}"),
        rank: Rank {
            at: time(operation)?,
            operation: id,
        },
        meaning: status::meaning(word, code.as_deref()),
        begins_anew: status::begins_anew(kind),
        word: word.to_owned(),
        code,
        amount_cents,
        currency: currency.to_owned(),
    })
}

/// Refuses a page's parameters dressed up as a callback.
///
/// Every string that the page signs begins with the name of one of its parameters, and a
/// document with the same string begins with the same name. None of them stands at the top of a
/// callback but `project_id`; `frame_mode` is never signed, so it proves nothing either way.
fn refuse_request(document: &Json) -> Result<(), ContentError> {
    let of_request = |name: &str| {
        let documented = message::find(name).is_some();
        let prefixes = [
            "payment_",
            "customer_",
            "merchant_",
            "force_",
            "billing_",
            "avs_",
            "AVS[",
            "BillingInfo[",
        ];
        let alike = prefixes.iter().any(|prefix| name.starts_with(prefix));
        (documented || alike) && !matches!(name, "project_id" | "frame_mode")
    };
    if document.entries().iter().any(|(name, _)| of_request(name)) {
        return Err(ContentError::RequestParameters);
    }
    Ok(())
}

fn check_project(ours: u64, theirs: Option<&Json>, path: &'static str) -> Result<(), ContentError> {
    match theirs.map(Json::as_u64) {
        None => Ok(()),
        Some(None) => Err(ContentError::Field(path)),
        Some(Some(theirs)) if theirs == ours => Ok(()),
        Some(Some(_)) => Err(ContentError::Account),
    }
}

fn object<'a>(parent: &'a Json, key: &'static str) -> Result<&'a Json, ContentError> {
    object_at(parent, key, key)
}

fn object_at<'a>(
    parent: &'a Json,
    key: &str,
    path: &'static str,
) -> Result<&'a Json, ContentError> {
    parent
        .get(key)
        .filter(|value| matches!(value, Json::Object(_)))
        .ok_or(ContentError::Field(path))
}

/// A text that is not empty.
fn text<'a>(parent: &'a Json, key: &str, path: &'static str) -> Result<&'a str, ContentError> {
    parent
        .get(key)
        .and_then(Json::as_text)
        .filter(|text| !text.is_empty())
        .ok_or(ContentError::Field(path))
}

fn number(parent: &Json, key: &str, path: &'static str) -> Result<u64, ContentError> {
    parent
        .get(key)
        .and_then(Json::as_u64)
        .ok_or(ContentError::Field(path))
}

/// The operation's code: a text in the documented callbacks, a number in some answers.
fn code(operation: &Json) -> Result<Option<String>, ContentError> {
    match operation.get("code") {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(code)) => Ok((!code.is_empty()).then(|| code.clone())),
        Some(number) => match number.as_u64() {
            Some(code) => Ok(Some(code.to_string())),
            None => Err(ContentError::Field("operation.code")),
        },
    }
}

fn time(operation: &Json) -> Result<Timestamp, ContentError> {
    operation
        .get("date")
        .and_then(Json::as_text)
        .and_then(date::read)
        .ok_or(ContentError::Field("operation.date"))
}

#[cfg(test)]
mod tests;

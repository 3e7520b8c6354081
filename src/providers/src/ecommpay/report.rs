//! What ecommpay's callbacks and the answers of its Gate have in common: where the signature
//! stands, what it covers, whose payment it is about, and how a report is read.

use kassa_checkout::{
    Claimed, Timestamp,
    lifecycle::{Evidence, Rank},
    message::{Algorithm, ContentError, Purpose},
};

use super::{
    json::{Json, JsonError},
    message, php_number,
    signing::{self, Numbers},
    status,
};
use crate::date;

/// Reads a document.
pub(super) fn read(bytes: &[u8]) -> Result<Json, ContentError> {
    Json::read(bytes).map_err(unreadable)
}

/// A document as a claim: the signature taken out, the rest read by `content`.
///
/// # Errors
/// [`ContentError`] when it does not hold exactly one signature in the exact encoding, or would
/// be too long to sign. What `content` finds is told after the signature held.
pub(super) fn claim<T>(
    mut document: Json,
    content: impl FnOnce(&Json) -> Result<T, ContentError>,
) -> Result<Claimed<T>, ContentError> {
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
        content(&document),
    ))
}

/// Whether a signature, good or bad, stands anywhere in a document.
pub(super) fn is_signed(document: &Json) -> bool {
    count_below(document) > 0
}

/// What an operation says, together with the word for the payment that it came with.
pub(super) fn evidence(payment: &Json, operation: &Json) -> Result<Evidence, ContentError> {
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
        rank: rank(operation)?,
        meaning: status::meaning(word, code.as_deref()),
        begins_anew: status::begins_anew(kind),
        word: word.to_owned(),
        code,
        amount_cents,
        currency: currency.to_owned(),
    })
}

/// Refuses a document of another project; it may name none.
pub(super) fn check_account(project_id: u64, document: &Json) -> Result<(), ContentError> {
    check_project(project_id, document.get("project_id"), "project_id")?;
    let general = document
        .get("general")
        .and_then(|general| general.get("project_id"));
    check_project(project_id, general, "general.project_id")
}

/// Refuses a document whose `general` names another payment; it may name none.
pub(super) fn check_general_payment(payment_id: &str, document: &Json) -> Result<(), ContentError> {
    let named = document
        .get("general")
        .and_then(|general| general.get("payment_id"));
    if named.is_some_and(|id| id.as_text() != Some(payment_id)) {
        return Err(ContentError::Field("general.payment_id"));
    }
    Ok(())
}

/// Refuses a page's parameters dressed up as a callback.
///
/// Every string that the page signs begins with the name of one of its parameters, and a
/// document with the same string begins with the same name. None of them stands at the top of a
/// callback but `project_id`; `frame_mode` is never signed, so it proves nothing either way.
///
/// `known` are names that the document has of its own right.
pub(super) fn refuse_request(document: &Json, known: &[&str]) -> Result<(), ContentError> {
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
        (documented || alike)
            && !matches!(name, "project_id" | "frame_mode")
            && !known.contains(&name)
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

pub(super) fn object<'a>(parent: &'a Json, key: &'static str) -> Result<&'a Json, ContentError> {
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
pub(super) fn text<'a>(
    parent: &'a Json,
    key: &str,
    path: &'static str,
) -> Result<&'a str, ContentError> {
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

/// An operation's place among all that is said about its payment.
pub(super) fn rank(operation: &Json) -> Result<Rank, ContentError> {
    Ok(Rank {
        at: time(operation)?,
        operation: number(operation, "id", "operation.id")?,
    })
}

/// The code of an operation or an error: a text in the documented callbacks, a number in some
/// answers.
pub(super) fn code(operation: &Json) -> Result<Option<String>, ContentError> {
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

/// Which payment it claims to be about; empty when it does not say.
fn routing(document: &Json) -> String {
    let id = |object, key| document.get(object)?.get(key)?.as_text();
    id("payment", "id")
        .or_else(|| id("general", "payment_id"))
        .unwrap_or_default()
        .to_owned()
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

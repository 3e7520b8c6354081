//! ecommpay's callbacks.

use kassa_checkout::{
    Claimed, RawCallback,
    lifecycle::{Evidence, Meaning},
    message::ContentError,
    provider::{PaymentEvent, Redirect},
};
use kassa_providers::ecommpay::{callback, redirect::Schemes};
use kassa_references::bridge::{answer, named};
use serde_json::{Value, json};
use wasm_bindgen::prelude::*;

use crate::verify;

/// Reads a callback of the project so far that its signature can be checked.
#[wasm_bindgen]
#[must_use]
pub fn ecommpay_claim(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [project, body] = named(texts);
        Ok(verify::ask(claim(project, body))?.into())
    })
}

/// What the callback reports, as JSON, once the text of that number was found to be signed.
#[wasm_bindgen]
#[must_use]
pub fn ecommpay_open(texts: usize, number: u32) -> i32 {
    answer(texts, &|texts| {
        let [project, body] = named(texts);
        let event = verify::open(claim(project, body), number)?;
        Ok(written(&event).to_string().into())
    })
}

fn claim(project: &str, body: &str) -> Result<Claimed<PaymentEvent>, ContentError> {
    // No project has the number 0, so that what is no number matches none.
    let project = project.parse().unwrap_or(0);
    callback::claim(project, Schemes::Https, &RawCallback::posted(body))
}

fn written(event: &PaymentEvent) -> Value {
    let Evidence {
        key,
        rank,
        meaning,
        word,
        code,
        amount_cents,
        currency,
        ..
    } = &event.evidence;
    json!({
        "paymentId": event.provider_payment_id,
        "status": status(*meaning),
        "word": word,
        "code": code,
        "cents": amount_cents,
        "currency": currency,
        "at": rank.at.millis(),
        // As text: it may be larger than a number of JavaScript can be exactly.
        "operation": rank.operation.to_string(),
        "key": key,
        "redirect": event.redirect.as_ref().map(way),
    })
}

fn way(redirect: &Redirect) -> Value {
    match redirect {
        Redirect::Get { url } => json!({ "method": "GET", "url": url }),
        Redirect::Post { url, fields } => json!({ "method": "POST", "url": url, "fields": fields }),
    }
}

/// The status that an attempt has by this report alone.
fn status(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Pending => "pending",
        Meaning::AwaitingConfirmation => "awaiting_confirmation",
        Meaning::Paid => "paid",
        Meaning::Expired => "expired",
        Meaning::Cancelled => "cancelled",
        Meaning::Declined => "declined",
        Meaning::Failed => "failed",
        Meaning::PartiallyRefunded => "partially_refunded",
        Meaning::Refunded => "refunded",
        Meaning::Reversed => "reversed",
    }
}

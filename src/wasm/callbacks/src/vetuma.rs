//! VETUMA's messages as they come in: forms that the customer's browser brings.

use kassa_checkout::{Claimed, Timestamp, message::ContentError, provider::BuildError};
use kassa_providers::vetuma::{
    Kind, Message, Outcome, PayAnswer, PayCall, Profile, ReturnAddress, receive,
};
use kassa_references::bridge::{Refusal, answer, named};
use kassa_wasm::{
    refused,
    vetuma::{kind_of, pairs},
};
use serde_json::{Map, Value, json};
use wasm_bindgen::prelude::*;

use crate::verify;

/// Reads a message of a kind so far that its MAC can be checked: the name of its secret, then what
/// `verify::ask` says.
#[wasm_bindgen]
#[must_use]
pub fn vetuma_claim(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [kind, body] = named(texts);
        let claimed = claim(kind_of(kind)?, body);
        let mut lines = match &claimed {
            Ok(claimed) => claimed.routing_hint().to_owned(),
            Err(_) => String::new(),
        };
        lines.push('\n');
        lines.push_str(&verify::ask(claimed)?);
        Ok(lines.into())
    })
}

/// The fields of a message as a JSON object, once its MAC was found right.
#[wasm_bindgen]
#[must_use]
pub fn vetuma_open(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [kind, body] = named(texts);
        let message = verify::open(claim(kind_of(kind)?, body), 0)?;
        let fields: Map<String, Value> = message
            .fields()
            .map(|(field, value)| (field.name().to_owned(), value.into()))
            .collect();
        Ok(Value::Object(fields).to_string().into())
    })
}

/// What an answer to a payment call says, as JSON, once its MAC was found right: the call's own
/// fields, the address it came to (the name of the call's field) and the time decide whether it
/// may be believed.
#[wasm_bindgen]
#[must_use]
pub fn vetuma_receive(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [body, hit, call, profile, now] = named(texts);
        let profile = match profile {
            "2.2" => Profile::V2_2,
            _ => Profile::V3,
        };
        let call = Message::of(Kind::PayCall, pairs(call)).map_err(refused)?;
        let call = PayCall::read(&call, profile).map_err(refused)?;
        let verified = verify::open(claim(Kind::PayAnswer, body), 0)?;
        let answer = PayAnswer::read(&verified).map_err(refused)?;
        let now = Timestamp::from_millis(now.parse().unwrap_or_default());
        let outcome = receive(&answer, address(hit)?, &call, now).map_err(refused)?;
        let (status, word) = said(&outcome);
        let told = json!({ "status": status, "word": word, "cents": call.amount.cents() });
        Ok(told.to_string().into())
    })
}

fn claim(kind: Kind, body: &str) -> Result<Claimed<Message>, ContentError> {
    Message::claim(kind, body.as_bytes())
}

fn address(name: &str) -> Result<ReturnAddress, Refusal> {
    let known = |address: &ReturnAddress| address.field().name() == name;
    ReturnAddress::ALL.into_iter().find(known).ok_or_else(|| {
        let expected = "RETURL, CANURL or ERRURL";
        refused(BuildError::new("vetuma/address", "hit", expected))
    })
}

/// An outcome in the words of the other providers' events, and VETUMA's own.
fn said(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Done => ("paid", "SUCCESSFUL"),
        Outcome::Cancelled => ("cancelled", "CANCELLED"),
        Outcome::Rejected => ("declined", "REJECTED"),
        Outcome::Error => ("failed", "ERROR"),
        Outcome::Failed => ("failed", "FAILURE"),
        Outcome::Unknown(word) => ("pending", word),
    }
}

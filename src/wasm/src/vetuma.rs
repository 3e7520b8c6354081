//! VETUMA's messages as texts to sign. No live VETUMA exists: they are for software that still
//! speaks it, and for rechecking what was logged.

use kassa_checkout::provider::BuildError;
use kassa_providers::vetuma::{Kind, Message, latin1};
use kassa_references::bridge::{Refusal, answer, lines, named};
use wasm_bindgen::prelude::*;

use crate::refused;

/// Builds a message of a kind from its fields: a name and a value in turn, a line each. Answers
/// with the text to sign, and the fields in their order, a name and a value in turn.
#[wasm_bindgen]
#[must_use]
pub fn vetuma_message(texts: usize) -> i32 {
    answer(texts, &|texts| {
        let [kind, fields] = named(texts);
        let message = Message::of(kind_of(kind)?, pairs(fields)).map_err(refused)?;
        // Its characters are those of ISO-8859-1, and none of them is a line feed.
        let text = latin1::decode(&message.signing_input()).unwrap_or_default();
        let mut parts = vec![text.as_str()];
        for (field, value) in message.fields() {
            parts.extend([field.name(), value]);
        }
        Ok(lines(&parts).into())
    })
}

/// The kind of a message by its name in JavaScript.
///
/// # Errors
/// [`Refusal`] for another name.
pub fn kind_of(name: &str) -> Result<Kind, Refusal> {
    Ok(match name {
        "pay-call" => Kind::PayCall,
        "pay-answer" => Kind::PayAnswer,
        "check-call" => Kind::CheckCall,
        "check-answer" => Kind::CheckAnswer,
        "login-call" => Kind::LoginCall,
        "login-answer" => Kind::LoginAnswer,
        _ => {
            let expected = "pay-, check- or login-, and call or answer";
            return Err(refused(BuildError::new("vetuma/kind", "kind", expected)));
        }
    })
}

/// A name and a value in turn, a line each.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = text.split('\n');
    core::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
}

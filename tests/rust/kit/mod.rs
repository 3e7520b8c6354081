//! What a provider brings to the conformance suite.

mod ecommpay;
mod op;

use kassa_checkout::{Order, RawCallback};
use kassa_keys::Keyring;
use serde_json::Value;

/// A provider's callbacks, words and limits.
pub(crate) struct Kit {
    /// Its vectors files for signing and for callbacks.
    pub(crate) vectors: &'static [&'static str],
    /// Adds the keys of an account that a word stands for: the same word, the same keys.
    pub(crate) add_keys: fn(&mut Keyring, &str, &str),
    /// Its callbacks, where they report what happened.
    pub(crate) reports: Option<Reports>,
    /// A callback about the attempt `p1-1` that says only that something changed, signed with the
    /// keys of a word.
    pub(crate) notice: Option<fn(&str) -> RawCallback>,
    /// Its answers to the question how a payment stands, if it can be asked.
    pub(crate) status: Option<StatusAnswers>,
    /// The limits of what an order holds.
    pub(crate) limits: &'static [Limit],
    /// Tries the limits of all other fields that its messages can have.
    pub(crate) all_limits: fn(),
}

/// Callbacks that report what happened.
pub(crate) struct Reports {
    /// A callback that reports 10.00 € paid, without its signature.
    pub(crate) body: Value,
    /// The payment that it is about.
    pub(crate) payment_id: &'static str,
    /// Puts the signature in; answers are signed alike.
    pub(crate) signed: fn(&Value, &str) -> Vec<u8>,
    /// Where the signature stands.
    pub(crate) signature: &'static str,
    /// Where the word for the payment's state stands.
    pub(crate) word: &'static str,
}

/// What a provider answers to the question how a payment stands, without signatures.
pub(crate) struct StatusAnswers {
    /// That of the kit's callback, and nothing has happened since.
    pub(crate) paid: Value,
    /// Where the word for the payment's state stands.
    pub(crate) word: &'static str,
    /// Where the payment's identifier stands.
    pub(crate) payment_id: &'static str,
    /// That the payment is not known: the status of HTTP and the body, where there is such an
    /// answer.
    pub(crate) unknown: Option<(u16, Value)>,
}

/// A field of a message that an order's field ends up in, and values around its limits.
pub(crate) struct Limit {
    /// The provider's name of the field.
    pub(crate) field: &'static str,
    /// Sets the order's field.
    pub(crate) set: fn(&mut Order, String),
    /// Values at the limits.
    pub(crate) good: fn() -> Vec<String>,
    /// Values right beyond them.
    pub(crate) bad: fn() -> Vec<String>,
}

/// The kit of a provider.
pub(crate) fn of(id: &str) -> Option<Kit> {
    match id {
        "ecommpay" => Some(ecommpay::kit()),
        "op" => Some(op::kit()),
        _ => None,
    }
}

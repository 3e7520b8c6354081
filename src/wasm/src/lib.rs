//! References, bar codes, amounts and provider messages for JavaScript: npm's `kassa`.
//!
//! Nothing here signs: a message comes out as the text to sign, for a host that holds the key.
//! Texts go in and out over the buffer of [`kassa_references::bridge`], whose functions are part
//! of this module, too. Values of providers hold no line feeds where lines are the answer: the
//! builders refuse control characters.

pub mod amount;
pub mod codes;
pub mod ecommpay;
pub mod op;
pub mod vetuma;

use kassa_checkout::Coded;
use kassa_references::bridge::Refusal;

/// A refusal by the domain or a provider.
pub fn refused(error: impl Coded) -> Refusal {
    Refusal::new(
        error.code(),
        error.field().unwrap_or_default(),
        &error.to_string(),
    )
}

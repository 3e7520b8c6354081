//! VETUMA: the Finnish public sector's identification and payment service of 2006 to 2017.
//!
//! **No live VETUMA exists**: it closed at the end of 2017. What is here signs and verifies its
//! messages for three uses: to play it in tests of old software, to answer old software from a
//! living provider, and to recheck what was logged. It is no account that payments can be made
//! at, so that the registry has no entry for it.
//!
//! Messages are forms that the customer's browser carries, with a plain SHA-256 digest as MAC.
//! Where every rule comes from, and how sure it is, stands in `FACTS.md` beside this file.

mod answer;
mod call;
mod field;
mod function;
pub mod latin1;
mod message;
mod receive;
mod timestmp;
mod value;

use kassa_checkout::provider::BuildError;

pub use answer::{
    AnswerHead, CheckAnswer, LoginAnswer, PayAnswer, PaymentState, ReturnAddress, Status, names,
};
pub use call::{Addresses, CheckCall, Head, LoginCall, PayCall};
pub use field::Field;
pub use function::{Function, Profile, Unpublished};
pub use message::{Kind, LONGEST_BODY, Message, body, mac_bytes, mac_text};
pub use receive::{AnswerRefused, Outcome, receive, receive_login};
pub use timestmp::{Timestmp, WINDOW_SECONDS};
pub use value::{Method, MethodClass};

/// A message that is to be sent, from its fields by name: checked as a typed one is, formats and
/// rules between fields too.
///
/// # Errors
/// [`BuildError`] naming the field.
///
/// # Examples
/// ```
/// use kassa_checkout::Coded;
/// use kassa_providers::vetuma::{Kind, Profile, outgoing};
/// let call = [
///     ("RCVID", "SHOP1P1"), ("APPID", "shop"), ("TIMESTMP", "20240115093000002"), ("SO", ""),
///     ("SOLIST", "P,L"), ("TYPE", "PAYMENT"), ("AU", "PAY"), ("LG", "fi"),
///     ("RETURL", "https://shop.example/ok"), ("CANURL", "https://shop.example/cancel"),
///     ("ERRURL", "https://shop.example/error"), ("AP", "SHOP1"), ("AM", "49,90"),
///     ("REF", "202400013"),
/// ];
/// let refused = outgoing(Kind::PayCall, Profile::V2_2, call).unwrap_err();
/// assert_eq!(refused.field(), Some("ORDNR"), "cards are offered without an order number");
/// let with_number = call.into_iter().chain([("ORDNR", "20240001")]);
/// let message = outgoing(Kind::PayCall, Profile::V2_2, with_number)?;
/// assert!(message.signing_input().ends_with(b"&49,90&202400013&20240001&"));
/// # Ok::<(), kassa_checkout::provider::BuildError>(())
/// ```
pub fn outgoing<'a>(
    kind: Kind,
    profile: Profile,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Message, BuildError> {
    let message = Message::of(kind, pairs)?;
    // Written anew from what was read, so that TYPE and AU are those of the kind.
    match kind {
        Kind::PayCall => PayCall::read(&message, profile)?.to_message(profile),
        Kind::PayAnswer => PayAnswer::read(&message)?.to_message(),
        Kind::CheckCall => CheckCall::read(&message)?.to_message(),
        Kind::CheckAnswer => CheckAnswer::read(&message)?.to_message(),
        Kind::LoginCall => LoginCall::read(&message)?.to_message(),
        Kind::LoginAnswer => LoginAnswer::read(&message)?.to_message(),
    }
}

/// The name in configuration, addresses and records.
pub const ID: &str = "vetuma";

/// Why no account at VETUMA can be configured, for people.
pub const ENDED: &str = "no live VETUMA exists, the service closed at the end \
    of 2017; software that speaks it is answered under the shop's [shops.vetuma]";

#[cfg(test)]
mod tests;

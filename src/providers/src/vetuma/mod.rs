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

/// The name in configuration, addresses and records.
pub const ID: &str = "vetuma";

/// Why no account at VETUMA can be configured, for people.
pub const ENDED: &str = "no live VETUMA exists, the service closed at the end \
    of 2017; software that speaks it is answered under the shop's [shops.vetuma]";

#[cfg(test)]
mod tests;

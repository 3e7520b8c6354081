//! What is done with an answer whose MAC held: whether it may be believed, and what it says.
//!
//! The steps before it are [`Message::claim`](super::Message::claim) (size, encoding, duplicates,
//! fields) and `Claimed::verify` with the secret that `RCVID` names. The steps after it are the
//! caller's: to keep and log what came, and to answer the browser with 303.

use core::fmt;

use kassa_checkout::{Coded, Timestamp};

use super::{
    answer::{AnswerHead, LoginAnswer, PayAnswer, ReturnAddress, Status},
    call::{Head, LoginCall, PayCall},
    field::Field,
};

/// How a call ended, from an answer that may be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done: the call's sum is paid, or somebody is identified.
    Done,
    /// The customer gave up.
    Cancelled,
    /// The bank refused.
    Rejected,
    /// The call was faulty.
    Error,
    /// It failed for another reason.
    Failed,
    /// A word that nobody has heard of: it waits.
    Unknown(String),
}

impl Outcome {
    /// What holds after this one came, given what held before: the same twice is once, and
    /// nothing undoes a payment, which no answer can.
    ///
    /// ```
    /// use kassa_providers::vetuma::Outcome;
    /// assert_eq!(Outcome::Cancelled.after(Some(Outcome::Done)), Outcome::Done);
    /// assert_eq!(Outcome::Done.after(Some(Outcome::Cancelled)), Outcome::Done);
    /// assert_eq!(Outcome::Rejected.after(None), Outcome::Rejected);
    /// ```
    #[must_use]
    pub fn after(self, before: Option<Self>) -> Self {
        match (before, self) {
            (Some(Self::Done), _) | (_, Self::Done) => Self::Done,
            (Some(before), Self::Unknown(_)) => before,
            (_, now) => now,
        }
    }
}

/// Why an answer whose MAC held is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerRefused {
    /// It is too old, or from the future.
    Time,
    /// A field is not the call's.
    Differs(Field),
    /// It came to another address than its status goes to.
    Address,
}

impl fmt::Display for AnswerRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time => f.write_str("TIMESTMP: expected a time within 600 seconds of now"),
            Self::Differs(field) => write!(f, "{}: expected the call's", field.name()),
            Self::Address => f.write_str("STATUS: expected one that goes to this address"),
        }
    }
}

impl core::error::Error for AnswerRefused {}

impl Coded for AnswerRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::Time => "vetuma/time",
            Self::Differs(_) => "vetuma/other-call",
            Self::Address => "vetuma/address",
        }
    }

    fn field(&self) -> Option<&'static str> {
        Some(match self {
            Self::Time => Field::Timestmp.name(),
            Self::Differs(field) => field.name(),
            Self::Address => Field::Status.name(),
        })
    }
}

/// What a verified answer says about the call that it came for. `hit` is the address that the
/// browser brought it to.
///
/// # Errors
/// [`AnswerRefused`]; the answer then says nothing, and books nothing.
pub fn receive(
    answer: &PayAnswer,
    hit: ReturnAddress,
    call: &PayCall,
    now: Timestamp,
) -> Result<Outcome, AnswerRefused> {
    believe(
        &answer.head,
        hit,
        &call.head,
        now,
        other_order(answer, call),
    )
}

/// The same of an identification.
///
/// # Errors
/// [`AnswerRefused`]; the answer then says nothing about anybody.
pub fn receive_login(
    answer: &LoginAnswer,
    hit: ReturnAddress,
    call: &LoginCall,
    now: Timestamp,
) -> Result<Outcome, AnswerRefused> {
    believe(&answer.head, hit, &call.head, now, None)
}

fn believe(
    answer: &AnswerHead,
    hit: ReturnAddress,
    call: &Head,
    now: Timestamp,
    other: Option<Field>,
) -> Result<Outcome, AnswerRefused> {
    if !answer.time.is_near(now) {
        return Err(AnswerRefused::Time);
    }
    if let Some(field) = differing(answer, call).or(other) {
        return Err(AnswerRefused::Differs(field));
    }
    if let Some(address) = answer.status.address()
        && address != hit
    {
        return Err(AnswerRefused::Address);
    }
    Ok(match &answer.status {
        Status::Successful => Outcome::Done,
        Status::Cancelled => Outcome::Cancelled,
        Status::Rejected => Outcome::Rejected,
        Status::Error => Outcome::Error,
        Status::Failure => Outcome::Failed,
        Status::Other(word) => Outcome::Unknown(word.clone()),
    })
}

/// The first field of an answer that is not the call's.
fn differing(answer: &AnswerHead, call: &Head) -> Option<Field> {
    let (ours, theirs) = (&call.addresses, &answer.addresses);
    let same = [
        (Field::Rcvid, answer.rcvid == call.rcvid),
        (Field::Lg, answer.language == call.language),
        (Field::Returl, theirs.success == ours.success),
        (Field::Canurl, theirs.cancel == ours.cancel),
        (Field::Errurl, theirs.error == ours.error),
        (Field::Trid, answer.transaction == call.transaction),
    ];
    same.into_iter()
        .find(|(_, same)| !same)
        .map(|(field, _)| field)
}

/// The field by which an answer is about another order.
///
/// An answer bears the reference or the order number by the method used, and in the one public
/// example both: one of them must be there, and none may be another.
fn other_order(answer: &PayAnswer, call: &PayCall) -> Option<Field> {
    let named = answer.reference.is_some() || answer.order_number.is_some();
    let same_reference = match (&answer.reference, &call.reference) {
        (None, _) => true,
        (Some(_), None) => false,
        // Zeros fill a reference up and are no part of it.
        (Some(theirs), Some(ours)) => {
            theirs.trim_start_matches('0') == ours.trim_start_matches('0')
        }
    };
    let same_number = answer.order_number.is_none() || answer.order_number == call.order_number;
    match (named && same_reference, same_number) {
        (false, _) => Some(Field::Ref),
        (true, false) => Some(Field::Ordnr),
        (true, true) => None,
    }
}

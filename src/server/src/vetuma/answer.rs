//! What old software is answered.

use std::fmt;

use kassa_checkout::{
    Signed, Status as PaymentStatus, Timestamp,
    message::{Purpose, SignError},
    provider::{BrowserForm, BuildError},
};
use kassa_providers::vetuma::{
    AnswerHead, CheckAnswer, CheckCall, Field, Kind, Message, Method, PayAnswer, PayCall,
    PaymentState, Profile, ReturnAddress, Status, Timestmp, body,
};
use serde::{Deserialize, Serialize};

use super::Bridge;
use crate::store::{Payment, VetumaTerms};

/// The word that a call is answered with when its payment stands so; none while that is not
/// decided. `leaves` is a customer who does not wait.
///
/// Who was at the bank and leaves before it is known what came of that did not cancel anything:
/// the shop is told by webhook what becomes of it, because VETUMA has no way to.
pub(crate) fn answer_for(status: PaymentStatus, leaves: bool) -> Option<Status> {
    match status {
        PaymentStatus::Paid | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
            Some(Status::Successful)
        }
        PaymentStatus::Cancelled => Some(Status::Cancelled),
        PaymentStatus::Declined | PaymentStatus::Reversed => Some(Status::Rejected),
        PaymentStatus::Failed | PaymentStatus::Expired => Some(Status::Failure),
        PaymentStatus::Created | PaymentStatus::Redirected => leaves.then_some(Status::Cancelled),
        PaymentStatus::Pending | PaymentStatus::AwaitingConfirmation => {
            leaves.then_some(Status::Failure)
        }
    }
}

/// How a question is answered when the payment stands so. What is not decided is a problem: the
/// software is to ask again.
pub(crate) const fn state_of(status: PaymentStatus) -> PaymentState {
    match status {
        PaymentStatus::Paid | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded => {
            PaymentState::Paid
        }
        PaymentStatus::Cancelled
        | PaymentStatus::Declined
        | PaymentStatus::Reversed
        | PaymentStatus::Failed
        | PaymentStatus::Expired => PaymentState::NotPaid,
        PaymentStatus::Created
        | PaymentStatus::Redirected
        | PaymentStatus::Pending
        | PaymentStatus::AwaitingConfirmation => PaymentState::Problem,
    }
}

/// The answer that a call got: the first one stands, whatever becomes of the payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AnswerRecord {
    /// `STATUS`.
    pub(crate) status: String,
    /// Which of the call's addresses it goes to, by the name of its field.
    pub(crate) address: String,
    /// `SO`: how the customer paid or tried to.
    pub(crate) so: String,
    /// `PAYID`; empty when nobody went to a bank.
    pub(crate) payid: String,
    /// `PAID`: no provider gives an archive identifier.
    pub(crate) paid: String,
    /// `TIMESTMP` of when it was first given.
    pub(crate) timestmp: String,
}

impl AnswerRecord {
    /// The answer about a payment as it stands now.
    pub(crate) fn new(
        payment: &Payment,
        vetuma: &VetumaTerms,
        status: &Status,
        now: Timestamp,
    ) -> Self {
        let address = status.address().unwrap_or(ReturnAddress::Error);
        let went = payment.latest.is_some();
        Self {
            status: status.as_str().to_owned(),
            address: address.field().name().to_owned(),
            so: used(payment).map_or_else(String::new, |method| method.as_str().to_owned()),
            payid: if went {
                vetuma.payid.clone()
            } else {
                String::new()
            },
            paid: String::new(),
            timestmp: Timestmp::of(now).as_str().to_owned(),
        }
    }
}

/// How the customer paid or tried to.
fn used(payment: &Payment) -> Option<Method> {
    let latest = payment.latest.as_ref()?;
    match (&latest.bank, &latest.method) {
        (Some(_), _) => Some(Method::banks()),
        (None, Some(_)) => Some(Method::cards()),
        (None, None) => None,
    }
}

/// Why an answer cannot be made: the configuration is not what it was when the call came.
#[derive(Debug)]
pub(crate) enum Unanswerable {
    /// The call's secret is not there any more.
    Secret,
    /// A field cannot be sent.
    Field(BuildError),
    /// It was not signed.
    Sign(SignError),
}

impl fmt::Display for Unanswerable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret => f.write_str("the secret of the call is not configured any more"),
            Self::Field(error) => error.fmt(f),
            Self::Sign(error) => error.fmt(f),
        }
    }
}

/// The form that brings an answer, signed with the secret of its call.
pub(crate) fn form_of(
    bridge: &Bridge,
    vetuma: &VetumaTerms,
    record: &AnswerRecord,
    now: Timestamp,
) -> Result<BrowserForm, Unanswerable> {
    let call = call_of(vetuma).map_err(Unanswerable::Field)?;
    let status = Status::read(&record.status);
    let mut answer = PayAnswer::to(&call, status, Timestmp::of(now));
    answer.head.method = Method::parse(&record.so);
    answer.payid.clone_from(&record.payid);
    answer.archive_id = Some(record.paid.clone());
    let message = answer.to_message().map_err(Unanswerable::Field)?;
    let url = vetuma.get(&record.address).unwrap_or_default();
    sign(bridge, &vetuma.secret, Kind::PayAnswer, &message, url)
}

/// The call that a payment came by.
fn call_of(vetuma: &VetumaTerms) -> Result<PayCall, BuildError> {
    let pairs = vetuma.call.iter();
    let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_str()));
    // Whatever the profile is by now: the third version's takes all that the second's did.
    PayCall::read(&Message::of(Kind::PayCall, pairs)?, Profile::V3)
}

/// The form that tells software of its own faulty call, with the fields of the call as they are.
pub(crate) fn error_form(
    bridge: &Bridge,
    call: &Message,
    secret: &str,
    now: Timestamp,
) -> Result<BrowserForm, Unanswerable> {
    let mut answer = Message::default();
    let error = Status::Error;
    let time = Timestmp::of(now);
    let echoed = [
        Field::Rcvid,
        Field::Lg,
        Field::Returl,
        Field::Canurl,
        Field::Errurl,
        Field::Ref,
        Field::Ordnr,
        Field::Trid,
    ];
    let echoed = echoed.map(|field| (field, call.get(field)));
    let own = [
        (Field::Timestmp, Some(time.as_str())),
        (Field::So, Some("")),
        (Field::Payid, Some("")),
        (Field::Paid, Some("")),
        (Field::Status, Some(error.as_str())),
    ];
    for (field, value) in echoed.into_iter().chain(own) {
        if let Some(value) = value {
            answer.set(field, value).map_err(Unanswerable::Field)?;
        }
    }
    let url = call.get(Field::Errurl).unwrap_or_default();
    sign(bridge, secret, Kind::PayAnswer, &answer, url)
}

/// The body that answers a question; about no payment when there is none.
pub(crate) fn to_question(
    bridge: &Bridge,
    secret: &str,
    question: &CheckCall,
    payment: Option<(&Payment, &VetumaTerms)>,
    now: Timestamp,
) -> Result<String, Unanswerable> {
    let time = Timestmp::of(now);
    let about = match payment {
        None => CheckAnswer {
            answer: PayAnswer {
                head: AnswerHead::to(&question.head, Status::Error, time),
                payid: String::new(),
                reference: None,
                order_number: None,
                archive_id: Some(String::new()),
            },
            state: PaymentState::Unknown,
            amount: None,
        },
        Some((payment, vetuma)) => CheckAnswer {
            answer: PayAnswer {
                head: AnswerHead {
                    method: used(payment),
                    ..AnswerHead::to(&question.head, Status::Successful, time)
                },
                payid: match payment.latest {
                    Some(_) => vetuma.payid.clone(),
                    None => String::new(),
                },
                reference: vetuma.get(Field::Ref.name()).map(str::to_owned),
                order_number: vetuma.get(Field::Ordnr.name()).map(str::to_owned),
                archive_id: Some(String::new()),
            },
            state: state_of(payment.status()),
            amount: Some(payment.lifecycle.amount()),
        },
    };
    let message = about.to_message().map_err(Unanswerable::Field)?;
    let signed = sign(bridge, secret, Kind::CheckAnswer, &message, "")?;
    Ok(body(&signed))
}

fn sign(
    bridge: &Bridge,
    secret: &str,
    kind: Kind,
    message: &Message,
    url: &str,
) -> Result<BrowserForm, Unanswerable> {
    let rcvid = message.get(Field::Rcvid).unwrap_or_default();
    let secrets = &bridge.secrets;
    let secret = secrets.by_check_value(rcvid, Purpose::Payment, secret);
    let form = message.to_form(kind, url).map_err(Unanswerable::Field)?;
    form.sign(&secret.ok_or(Unanswerable::Secret)?)
        .map(Signed::into_message)
        .map_err(Unanswerable::Sign)
}

#[cfg(test)]
mod tests {
    use kassa_checkout::Status as PaymentStatus;
    use kassa_providers::vetuma::{PaymentState, Status};

    use super::{answer_for, state_of};

    #[test]
    fn only_money_that_came_is_a_success() {
        use PaymentStatus as S;
        let all = [
            S::Created,
            S::Redirected,
            S::Pending,
            S::AwaitingConfirmation,
            S::Paid,
            S::Declined,
            S::Cancelled,
            S::Expired,
            S::Failed,
            S::PartiallyRefunded,
            S::Refunded,
            S::Reversed,
        ];
        for status in all {
            let paid = matches!(status, S::Paid | S::PartiallyRefunded | S::Refunded);
            for leaves in [false, true] {
                let answer = answer_for(status, leaves);
                assert_eq!(answer == Some(Status::Successful), paid, "{status:?}");
            }
            assert_eq!(state_of(status) == PaymentState::Paid, paid, "{status:?}");
            let open = answer_for(status, false).is_none();
            assert_eq!(
                state_of(status) == PaymentState::Problem,
                open,
                "{status:?}"
            );
            assert!(answer_for(status, true).is_some(), "{status:?}");
        }
    }
}

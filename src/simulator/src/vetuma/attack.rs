//! Answers that a careful application does not book: forgeries, genuine answers in the wrong place, and plain damage.

use serde::{Deserialize, Serialize};
use viite::NationalReference;

use super::answer::{Answer, End, signed};
use super::customer::{Purpose, by_purpose};
use super::latin1::{encode_form, to_bytes};
use super::mac::{Pair, Secret, base_string};
use super::method;
use super::session::Session;

/// Much longer than any honest answer, in bytes.
const OVERSIZED_BYTES: usize = 300 * 1024;
/// An hour, in milliseconds: much more than the ten minutes that receivers allow.
const STALE_MS: i64 = 3_600_000;

/// An attack on the application that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A refusal relabelled as a success.
    ForgedStatus,
    /// A genuine cancellation, posted where successes go.
    CancelledToReturn,
    /// A genuine refusal, posted where successes go.
    RejectedToReturn,
    /// The genuine success, posted where cancellations go.
    SuccessToCancel,
    /// The session's own answer once more.
    Replay,
    /// A genuine success of another order.
    OtherOrder,
    /// A genuine success with another `TRID`.
    OtherTransaction,
    /// `REF` changed after signing.
    ChangedReference,
    /// `PAID` changed after signing.
    ChangedArchiveId,
    /// Signed with another secret.
    WrongSecret,
    /// Signed with the key alone, without the secret's id.
    SecretWithoutId,
    /// HMAC-SHA-256 where a plain digest belongs.
    Hmac,
    /// No `MAC`.
    MissingMac,
    /// Nothing for a `MAC`.
    EmptyMac,
    /// 63 digits.
    TruncatedMac,
    /// `STATUS` twice: the genuine refusal, and a success behind it.
    SecondStatus,
    /// A success that was signed an hour ago.
    Stale,
    /// A genuine answer to an identification.
    Identification,
    /// `ORDNR` or `REF` moved into the parameter before it, joined by `&`: the same MAC.
    SlidAmpersand,
    /// The application's own call, sent back.
    CallAsAnswer,
    /// Rightly signed, with a `STATUS` that nobody knows.
    UnknownStatus,
    /// 300 KiB.
    Oversized,
    /// No body.
    Empty,
}

/// All attacks.
pub const ALL: [Kind; 23] = [
    Kind::ForgedStatus,
    Kind::CancelledToReturn,
    Kind::RejectedToReturn,
    Kind::SuccessToCancel,
    Kind::Replay,
    Kind::OtherOrder,
    Kind::OtherTransaction,
    Kind::ChangedReference,
    Kind::ChangedArchiveId,
    Kind::WrongSecret,
    Kind::SecretWithoutId,
    Kind::Hmac,
    Kind::MissingMac,
    Kind::EmptyMac,
    Kind::TruncatedMac,
    Kind::SecondStatus,
    Kind::Stale,
    Kind::Identification,
    Kind::SlidAmpersand,
    Kind::CallAsAnswer,
    Kind::UnknownStatus,
    Kind::Oversized,
    Kind::Empty,
];

/// What the application must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Must {
    /// This message books nothing.
    BookNothing,
    /// It books what has not been booked, and nothing twice.
    BookOnce,
}

impl Kind {
    /// What the application must do.
    #[must_use]
    pub fn must(self) -> Must {
        match self {
            Self::Replay => Must::BookOnce,
            _ => Must::BookNothing,
        }
    }
}

/// An attack ready to be posted.
#[derive(Debug)]
pub struct Attack {
    /// Where to.
    pub address: String,
    /// The form body.
    pub body: String,
}

/// Makes an attack on the application that made a session's call; `None` where the session does not have what it needs: an end, a success, a `TRID`, an order to pay.
#[must_use]
pub fn make(session: &Session, kind: Kind, now_ms: i64) -> Option<Attack> {
    let call = &session.call;
    let success = claimed(session, now_ms);
    let rejected = Answer::new(session, End::Rejected, now_ms).fields;
    let mut address = call.text("RETURL");
    let fields = match kind {
        Kind::ForgedStatus => changed(rejected, "STATUS", End::Successful.word()),
        Kind::CancelledToReturn => Answer::new(session, End::Cancelled, now_ms).fields,
        Kind::RejectedToReturn => rejected,
        Kind::SuccessToCancel => {
            let answer = session.answer.as_ref()?;
            address = call.text("CANURL");
            (answer.end == End::Successful).then(|| answer.fields.clone())?
        }
        Kind::Replay => {
            let answer = session.answer.as_ref()?;
            address = &answer.address;
            answer.fields.clone()
        }
        Kind::OtherOrder => {
            let reference = NationalReference::create("9876543210123").ok()?;
            let other = changed(without_mac(success), "REF", reference.to_machine());
            signed(call, changed(other, "ORDNR", "987654321"))
        }
        Kind::OtherTransaction => {
            call.get("TRID")?;
            signed(
                call,
                changed(without_mac(success), "TRID", "FFFFFFFFFFFFFFFFFFFF"),
            )
        }
        Kind::ChangedReference => changed(success, "REF", "1232"),
        Kind::ChangedArchiveId => changed(success, "PAID", "09010125SIMX9999"),
        Kind::WrongSecret => {
            let id = call.customer.rcvid;
            let other = Secret::new(format!("{id}-{}", "0".repeat(64)));
            let mac = other.mac(&without_mac(success.clone()))?;
            changed(success, "MAC", &mac)
        }
        Kind::SecretWithoutId => {
            let base = to_bytes(&base_string(&success))?;
            let mac = call.customer.secret().without_id(&base);
            changed(success, "MAC", &mac)
        }
        Kind::Hmac => {
            let base = to_bytes(&base_string(&success))?;
            let mac = call.customer.secret().keyed(&base);
            changed(success, "MAC", &mac)
        }
        Kind::MissingMac => without_mac(success),
        Kind::EmptyMac => changed(success, "MAC", ""),
        Kind::TruncatedMac => {
            let (_, mac) = success.last().cloned()?;
            changed(success, "MAC", mac.get(..63)?)
        }
        Kind::SecondStatus => with(rejected, "STATUS", End::Successful.word()),
        Kind::Stale => claimed(session, now_ms - STALE_MS),
        Kind::Identification => identification(session, now_ms)?,
        Kind::SlidAmpersand => slid(success)?,
        Kind::CallAsAnswer => with(call.fields.clone(), "MAC", &call.mac),
        Kind::UnknownStatus => signed(call, changed(without_mac(success), "STATUS", "MAYBE")),
        Kind::Oversized => with(success, "EXTRADATA", &"A".repeat(OVERSIZED_BYTES)),
        Kind::Empty => Vec::new(),
    };
    Some(Attack {
        address: address.to_owned(),
        body: encode_form(&fields),
    })
}

/// The success that nobody paid for.
fn claimed(session: &Session, now_ms: i64) -> Vec<Pair> {
    let mut session = session.clone();
    session.method = session.method.or_else(method::nordea);
    session.pay_id = Some("166449462440299".to_owned());
    session.archive_id = Some("09010125SIMX0000".to_owned());
    Answer::new(&session, End::Successful, now_ms).fields
}

/// An answer as to `LOGIN`, with the secret for that, to the same addresses.
fn identification(session: &Session, now_ms: i64) -> Option<Vec<Pair>> {
    let customer = by_purpose(Purpose::Login)?;
    let mut call = session.call.clone();
    call.customer = customer;
    let answer = without_mac(claimed(session, now_ms));
    Some(signed(&call, changed(answer, "RCVID", customer.rcvid)))
}

/// Moves a value into the parameter before it. Both join to the same text.
fn slid(fields: Vec<Pair>) -> Option<Vec<Pair>> {
    let from = fields
        .iter()
        .position(|(name, _)| name == "ORDNR")
        .or_else(|| fields.iter().position(|(name, _)| name == "REF"))?;
    let (_, value) = fields.get(from).cloned()?;
    let kept = fields.into_iter().enumerate();
    Some(
        kept.filter(|(at, _)| *at != from)
            .map(|(at, (name, before))| {
                if at + 1 == from {
                    (name, format!("{before}&{value}"))
                } else {
                    (name, before)
                }
            })
            .collect(),
    )
}

fn changed(fields: Vec<Pair>, wanted: &str, value: &str) -> Vec<Pair> {
    let fields = fields.into_iter();
    fields
        .map(|(name, before)| {
            let after = if name == wanted {
                value.to_owned()
            } else {
                before
            };
            (name, after)
        })
        .collect()
}

fn without_mac(mut fields: Vec<Pair>) -> Vec<Pair> {
    fields.retain(|(name, _)| name != "MAC");
    fields
}

fn with(mut fields: Vec<Pair>, name: &str, value: &str) -> Vec<Pair> {
    fields.push((name.to_owned(), value.to_owned()));
    fields
}

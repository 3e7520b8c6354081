//! What the operations take and give.

use std::{collections::BTreeMap, fmt};

use kassa_checkout::{
    Amount, BankId, Customer, Language, Lifecycle, Selection, Status, Timestamp,
    contract::ChooseAt, provider::Redirect,
};
use serde::{Deserialize, Serialize};

/// A payment to create.
pub struct NewPayment {
    /// Its identifier.
    pub id: String,
    /// Its checkout token.
    pub token: String,
    /// The shop.
    pub shop: String,
    /// The shop's order number.
    pub order: String,
    /// Where its reference comes from.
    pub reference: NewReference,
    /// The sum.
    pub amount: Amount,
    /// All else that was agreed.
    pub terms: Terms,
    /// Now.
    pub now: Timestamp,
    /// When the offer to pay ends.
    pub expires_at: Timestamp,
    /// Writes the answer that is kept under the idempotency key.
    pub answer: Box<dyn Fn(&Payment) -> String + Send + Sync>,
}

/// Where a reference comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewReference {
    /// It is this one, in machine form.
    Given(String),
    /// The next free one of the shop's series, which begins with these digits.
    Allotted {
        /// The first digits of the series, 1 to 9 first.
        prefix: String,
    },
}

/// What shop and customer agreed on and nobody changes later.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The language that the payment was made in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// What is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Payer::is_unknown")]
    pub customer: Payer,
    /// How the customer comes to a bank.
    pub selection: Selection,
    /// Where the customer chooses.
    pub choose_at: ChooseAt,
    /// The shop's page to go back to.
    pub return_url: String,
    /// The call of VETUMA that it came by, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vetuma: Option<Box<VetumaTerms>>,
}

/// The call of VETUMA that a payment came by, as its answer needs it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VetumaTerms {
    /// Its fields, but for the MAC.
    pub call: Vec<(String, String)>,
    /// Which secret of its name it was signed with: the answer is signed with the same.
    pub secret: String,
    /// The identifier against paying twice, 15 digits.
    pub payid: String,
    /// Where the customer goes back to: the page that brings the answer. It holds the checkout
    /// token, and is told to nobody else.
    pub back: String,
    /// Whether banks may be offered.
    pub banks: bool,
    /// Which of them, where not all may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<BankId>>,
    /// The other methods that may be offered.
    pub methods: Vec<String>,
}

impl VetumaTerms {
    /// A field of the call.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.call.iter();
        let found = fields.find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Terms {
    /// Whether a bank may be chosen at all: a call of VETUMA may want other methods alone.
    #[must_use]
    pub fn shows_banks(&self) -> bool {
        self.vetuma.as_ref().is_none_or(|call| call.banks)
    }

    /// Whether a bank may be chosen, as far as the terms go.
    #[must_use]
    pub fn permits_bank(&self, bank: &BankId) -> bool {
        let listed = |call: &VetumaTerms| call.only.as_ref().is_none_or(|only| only.contains(bank));
        self.shows_banks()
            && self.selection.permits(bank)
            && self.vetuma.as_deref().is_none_or(listed)
    }
}

/// Who pays, as it is kept. `Debug` of it and of all that holds it shows nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// The shop's identifier of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Electronic mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Payer {
    /// Whether nothing is known.
    fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// The payer as providers take it; a payer without an identifier goes by `otherwise`.
    #[must_use]
    pub fn to_customer(&self, otherwise: &str) -> Customer {
        Customer {
            id: self.id.clone().unwrap_or_else(|| otherwise.to_owned()),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
        }
    }
}

/// A payment as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its identifier.
    pub id: String,
    /// The shop.
    pub shop: String,
    /// The capability to see and pay it.
    pub token: String,
    /// The shop's order number.
    pub order: String,
    /// The reference in machine form.
    pub reference: String,
    /// What was agreed.
    pub terms: Terms,
    /// What was seen.
    pub lifecycle: Lifecycle,
    /// The latest attempt.
    pub latest: Option<AttemptRecord>,
    /// Grows with every change.
    pub version: u64,
    /// How many events it has.
    pub events: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it came to its present status.
    pub changed_at: Timestamp,
    /// When the offer to pay ends.
    pub expires_at: Timestamp,
}

impl Payment {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.lifecycle.status()
    }

    /// The provider that one of the attempts went to.
    #[must_use]
    pub fn provider_of(&self, attempt: &str) -> Option<&str> {
        let latest = self.latest.as_ref()?;
        if latest.id == attempt {
            return Some(&latest.provider);
        }
        latest.before.get(attempt).map(String::as_str)
    }

    /// What the provider calls one of the attempts, where it gave it an identifier.
    #[must_use]
    pub fn reference_of(&self, attempt: &str) -> Option<&str> {
        self.latest.as_ref()?.references.of(attempt)
    }
}

impl fmt::Debug for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payment")
            .field("id", &self.id)
            .field("status", &self.status())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// An attempt to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Its identifier at the provider, `{payment}-{number}`.
    pub id: String,
    /// The first attempt is 1.
    pub number: u64,
    /// The provider.
    pub provider: String,
    /// The bank chosen here, if one was.
    pub bank: Option<BankId>,
    /// The other method chosen here, if one was.
    pub method: Option<String>,
    /// The language of the provider's page.
    pub language: Language,
    /// Whether the choice was made in the shop's own page rather than in the hosted one.
    pub embedded: bool,
    /// When.
    pub at: Timestamp,
    /// How the call stands that begins it; none where the browser brings a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallState>,
    /// Where the customer is to go, once the provider has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Redirect>,
    /// The providers that the attempts before this one went to, by attempt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, String>,
    /// What the provider calls this attempt and those before it.
    #[serde(default, skip_serializing_if = "References::is_empty")]
    pub references: References,
}

/// Providers' own identifiers of a payment's attempts, by ours. They may be confidential, so that
/// `Debug` shows none.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct References(BTreeMap<String, String>);

impl References {
    /// The provider's identifier of an attempt.
    #[must_use]
    pub fn of(&self, attempt: &str) -> Option<&str> {
        self.0.get(attempt).map(String::as_str)
    }

    /// Notes the provider's identifier of an attempt. The first one stays.
    pub(crate) fn note(&mut self, attempt: &str, reference: &str) {
        let known = self.0.entry(attempt.to_owned());
        known.or_insert_with(|| reference.to_owned());
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for References {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "References({})", self.0.len())
    }
}

/// How the call stands that begins an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// It may have reached the provider, or not: before it is made again, the provider is asked.
    Unsure,
    /// The provider took the payment on.
    Taken,
    /// The provider refused it, or it was never sent: this attempt comes to nothing.
    Refused,
}

/// What came of the call that begins an attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Called {
    /// The provider.
    pub provider: &'static str,
    /// The attempt's identifier at the provider.
    pub attempt: String,
    /// How it stands now.
    pub state: CallState,
    /// Why it came to nothing, in a word.
    pub why: Option<&'static str>,
    /// Where the customer is to go, where the answer said so.
    pub redirect: Option<Redirect>,
    /// The provider's own identifier of the attempt, where the answer gave one.
    pub reference: Option<String>,
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Called")
            .field("attempt", &self.attempt)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// An attempt to begin.
#[derive(Debug, Clone)]
pub struct Begin {
    /// The checkout token.
    pub token: String,
    /// The provider.
    pub provider: &'static str,
    /// The bank chosen here, if one was.
    pub bank: Option<BankId>,
    /// The other method chosen here, if one was.
    pub method: Option<String>,
    /// The language of the provider's page.
    pub language: Language,
    /// Whether the choice was made in the shop's own page.
    pub embedded: bool,
    /// Now.
    pub now: Timestamp,
    /// For how many seconds the same choice means the same attempt.
    pub same_within: u64,
    /// Whether a call of ours begins it, rather than the customer's browser.
    pub by_call: bool,
    /// The attempt with the same choice, at another account, that it begins in place of: one that
    /// is known to have come to nothing. Only while that is still the latest.
    pub instead_of: Option<String>,
}

/// How many attempts of a shop at a provider are still to be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAttempts {
    /// The shop.
    pub shop: String,
    /// The provider.
    pub provider: String,
    /// How many.
    pub count: u64,
}

/// An event to add to a payment.
#[derive(Debug, Clone)]
pub struct Note {
    /// The shop.
    pub shop: String,
    /// The payment.
    pub payment: String,
    /// The version that the payment was seen with.
    pub version: u64,
    /// Who.
    pub who: String,
    /// What.
    pub kind: &'static str,
    /// The particulars.
    pub detail: serde_json::Value,
    /// What it is known by: the second one is none.
    pub once: String,
    /// Now.
    pub now: Timestamp,
}

/// What came of adding an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It was added.
    New,
    /// One of this key was there before.
    Before,
    /// The payment is not as it was seen, or not there.
    Changed,
}

/// What came of beginning an attempt.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once an attempt, and taken apart at once"
)]
pub enum Begun {
    /// An attempt: a new one, or the one of a moment ago.
    Attempt {
        /// The payment after it.
        payment: Box<Payment>,
        /// The attempt.
        attempt: AttemptRecord,
        /// Whether it is a new one.
        new: bool,
    },
    /// The payment cannot be paid now.
    CannotPay,
    /// No payment has this token.
    Unknown,
}

/// A request's idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// A digest of what was asked.
    pub fingerprint: String,
    /// A second key of a request for a payment, which is used up with the first: one that another
    /// request has used refuses this one.
    pub also: Option<String>,
}

/// What came of creating a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It was created; this is the answer.
    New(String),
    /// The same request was answered before; this is that answer.
    Before(String),
    /// The key was used with another request.
    KeyReused,
}

/// Which payments to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this one.
    pub id: Option<String>,
    /// Only of this shop.
    pub shop: Option<String>,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only with this order number.
    pub order: Option<String>,
    /// Only with this reference, in machine form.
    pub reference: Option<String>,
    /// Only created then or later.
    pub from: Option<Timestamp>,
    /// Only created before then.
    pub to: Option<Timestamp>,
    /// Only after the payment that was created then and has this identifier, in listing order.
    pub after: Option<(Timestamp, String)>,
    /// At most so many.
    pub limit: u32,
}

/// Something that happened to a payment: who, when, what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Its number within the payment, from 1.
    pub seq: u64,
    /// When it was written down.
    pub at: Timestamp,
    /// Who: `shop:demo`, `customer`, `provider:ecommpay`, `kassa`.
    pub who: String,
    /// What: `payment.created`, `attempt.started`, `provider.reported`, `status.changed`…
    pub kind: String,
    /// The particulars as JSON.
    pub detail: serde_json::Value,
}

/// What was answered under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The digest of what was asked.
    pub fingerprint: String,
    /// The answer.
    pub answer: String,
}

/// An attempt whose status is to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The shop.
    pub shop: String,
    /// The payment.
    pub payment: String,
    /// The provider.
    pub provider: String,
    /// The attempt's identifier at the provider.
    pub attempt: String,
    /// When the attempt was begun.
    pub begun_at: Timestamp,
    /// When the offer to pay ends.
    pub expires_at: Timestamp,
    /// Where the payment stands.
    pub status: Status,
    /// Which question this is, from 1; also what a claim is told apart by.
    pub asks: u32,
}

/// How many webhooks a shop can be sent now, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The shop.
    pub shop: String,
    /// Its endpoint, by a digest of the address: [`crate::shop::Webhook::endpoint`].
    pub endpoint: Option<String>,
    /// How many.
    pub free: u32,
}

/// A webhook that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The message's identifier, the same on each try.
    pub id: String,
    /// The shop.
    pub shop: String,
    /// The body to send.
    pub body: String,
    /// Which try this is, from 1; a replay begins anew.
    pub tries: u32,
    /// What the claim is told apart by.
    pub claim: u64,
}

/// A webhook's try and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The message.
    pub id: String,
    /// The claim that the try was made under.
    pub claim: u64,
    /// The shop.
    pub shop: String,
    /// The endpoint that was tried.
    pub endpoint: String,
    /// What came of it.
    pub delivery: Delivery,
}

/// What came of a webhook's try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The shop took it.
    Delivered,
    /// To be tried again after so many seconds.
    Again(u64),
    /// To be tried again after so many seconds, and the shop wants nothing else before that.
    SlowDown(u64),
    /// The last try failed.
    GivenUp,
    /// The last try failed, and the shop wants nothing else for so many seconds.
    GivenUpAndSlowDown(u64),
    /// The shop says that nothing is there any more: it gets no webhooks until somebody enables
    /// the endpoint or configures another.
    Gone,
}

impl Delivery {
    /// For how many seconds the shop wants nothing.
    #[must_use]
    pub(crate) const fn pause(self) -> Option<u64> {
        match self {
            Self::SlowDown(seconds) | Self::GivenUpAndSlowDown(seconds) => Some(seconds),
            _ => None,
        }
    }

    /// Where the message stands after it, and in how many seconds it is due again.
    #[must_use]
    pub(crate) const fn outcome(self) -> (Outcome, Option<u64>) {
        match self {
            Self::Delivered => (Outcome::Delivered, None),
            Self::Again(after) | Self::SlowDown(after) => (Outcome::Waiting, Some(after)),
            Self::GivenUp | Self::GivenUpAndSlowDown(_) => (Outcome::GivenUp, None),
            Self::Gone => (Outcome::SetAside, None),
        }
    }
}

/// Where a message to a shop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is sent as soon as it is due.
    Waiting,
    /// The shop took it.
    Delivered,
    /// All tries failed.
    GivenUp,
    /// It was not sent: the shop has no endpoint, or one that said it was gone.
    SetAside,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Waiting,
        Self::Delivered,
        Self::GivenUp,
        Self::SetAside,
    ];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
            Self::SetAside => "set_aside",
        }
    }

    /// The outcome that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// A message to a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its identifier, which webhooks bear as `webhook-id`.
    pub id: String,
    /// The shop.
    pub shop: String,
    /// The payment that it is about.
    pub payment: String,
    /// What is said.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
    /// How often it was tried since it was written or replayed.
    pub tries: u32,
    /// Where it stands.
    pub outcome: Outcome,
    /// When it is tried next.
    pub due_at: Option<Timestamp>,
}

/// Which messages.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// Only this one.
    pub id: Option<String>,
    /// Only to this shop.
    pub shop: Option<String>,
    /// Only about this payment.
    pub payment: Option<String>,
    /// Only with this outcome.
    pub outcome: Option<Outcome>,
    /// Only written then or later.
    pub from: Option<Timestamp>,
    /// Only written before then.
    pub to: Option<Timestamp>,
    /// Only after this message, in the order asked for. When there is none of that identifier,
    /// nothing is found.
    pub after: Option<String>,
    /// Newest first; otherwise oldest first.
    pub newest_first: bool,
    /// At most so many.
    pub limit: u32,
}

//! The life of a payment, as a pure function of what was seen.
//!
//! Evidence from a provider is gathered, never overwritten: an attempt keeps the highest-ranking
//! piece of each kind, and its status is read off from those. Gathering maxima is commutative,
//! associative and idempotent, so duplicates and reorderings cannot change the outcome; see the
//! property tests in `tests.rs` beside this file.
//!
//! Source of the rules: ecommpay's payment confirmation procedure, under which a declined payment
//! may still be credited, and a credited one reversed, for seven days and more.

mod attempt;
mod evidence;
mod refund;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use attempt::Attempt;
pub use evidence::{Evidence, Meaning, Rank};
use refund::Settled;
pub use refund::{Refund, RefundRefusal, RefundStatus};

use crate::{amount::Amount, refund::RefundTold, time::Timestamp};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Status {
    /// Made by the shop; no bank chosen yet.
    Created,
    /// The customer was sent to the provider, which has not reported anything.
    Redirected,
    /// The provider works on it, or said a word that is not known here.
    Pending,
    /// The bank took it on and has yet to confirm that the money moved. Nothing is shipped on it.
    AwaitingConfirmation,
    /// Paid.
    Paid,
    /// Refused by the bank or the provider.
    Declined,
    /// Cancelled by the customer at the bank.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Broken by a fault of the provider.
    Failed,
    /// A part of the money went back.
    PartiallyRefunded,
    /// All of the money went back at the shop's wish.
    Refunded,
    /// The money went back, or never came, against an earlier report of success.
    Reversed,
}

impl Status {
    /// The word for it in JSON, in the database and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Redirected => "redirected",
            Self::Pending => "pending",
            Self::AwaitingConfirmation => "awaiting_confirmation",
            Self::Paid => "paid",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Reversed => "reversed",
        }
    }

    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 12] = [
        Self::Created,
        Self::Redirected,
        Self::Pending,
        Self::AwaitingConfirmation,
        Self::Paid,
        Self::Declined,
        Self::Cancelled,
        Self::Expired,
        Self::Failed,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Reversed,
    ];

    /// The status that a word means.
    ///
    /// ```
    /// use kassa_checkout::Status;
    /// assert_eq!(Status::from_word("paid"), Some(Status::Paid));
    /// assert_eq!(Status::from_word("Paid"), None);
    /// ```
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the shop holds the money, all or a part of it.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        matches!(self, Self::Paid | Self::PartiallyRefunded)
    }

    /// Whether a customer may begin another attempt.
    ///
    /// Not while a bank may still credit an attempt that it accepted. A customer who merely left
    /// the bank's page may choose again; should both be paid, [`Effect::PaidTwice`] tells.
    #[must_use]
    pub const fn can_pay(self) -> bool {
        matches!(
            self,
            Self::Created
                | Self::Redirected
                | Self::Pending
                | Self::Declined
                | Self::Cancelled
                | Self::Failed
        )
    }
}

/// A payment's life so far: what it is worth, and what each attempt to pay it has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    amount: Amount,
    attempts: Vec<Attempt>,
    offer_ended: bool,
    #[serde(default)]
    confirmation_overdue: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The customer was sent to a provider.
    Started {
        /// The identifier of the attempt at the provider.
        attempt: String,
    },
    /// A provider reported, and the report was verified.
    Evidence {
        /// The identifier of the attempt at the provider.
        attempt: String,
        /// The report.
        evidence: Evidence,
    },
    /// The time to begin paying is over.
    OfferEnded,
    /// The time in which a bank should have confirmed is over.
    ConfirmationOverdue,
}

/// What has to be done because of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The status changed: tell the shop.
    Notify {
        /// The status before.
        from: Status,
        /// The status now.
        to: Status,
    },
    /// Two reports of the same rank contradict each other: ask the provider for the status.
    AskStatus,
    /// A report names another amount or currency than the order's: it was kept and changed nothing.
    AmountDiffers,
    /// More than one attempt holds money: the shop must give one back.
    PaidTwice,
    /// A report about an attempt that this payment does not know: it changed nothing.
    UnknownAttempt,
    /// A bank took the payment on and did not confirm in time: somebody should ask. It may still
    /// be confirmed.
    ConfirmationOverdue,
    /// A refund that had ended came to another end: it was kept and changed nothing.
    RefundContradicted,
    /// Nobody knows for long what became of a refund: somebody should ask the provider.
    RefundUnanswered,
}

impl Lifecycle {
    /// A payment that nobody has tried to pay.
    #[must_use]
    pub const fn new(amount: Amount) -> Self {
        Self {
            amount,
            attempts: Vec::new(),
            offer_ended: false,
            confirmation_overdue: false,
        }
    }

    /// The sum that counts.
    #[must_use]
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// The attempts, oldest first.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Where the payment stands.
    ///
    /// An attempt that holds money decides; then one that a bank has yet to confirm; then one
    /// whose money went back, which an attempt that came to nothing must not hide; then the
    /// latest one.
    #[must_use]
    pub fn status(&self) -> Status {
        let statuses = || self.attempts.iter().map(Attempt::status);
        let decided = [
            Status::Paid,
            Status::PartiallyRefunded,
            Status::AwaitingConfirmation,
            Status::Reversed,
            Status::Refunded,
        ]
        .into_iter()
        .find(|wanted| statuses().any(|status| status == *wanted));
        let status = decided
            .or_else(|| statuses().next_back())
            .unwrap_or(Status::Created);
        match status {
            Status::Created | Status::Redirected if self.offer_ended => Status::Expired,
            other => other,
        }
    }

    /// Whether the customer may begin an attempt now.
    #[must_use]
    pub fn can_pay(&self) -> bool {
        !self.offer_ended && self.status().can_pay()
    }

    /// When the provider first reported that a bank took the payment on.
    #[must_use]
    pub fn accepted_at(&self) -> Option<Timestamp> {
        self.attempts.iter().filter_map(Attempt::accepted_at).min()
    }

    /// Whether it was noted that a bank did not confirm in time.
    #[must_use]
    pub const fn confirmation_was_overdue(&self) -> bool {
        self.confirmation_overdue
    }

    /// Applies an event and says what has to be done.
    ///
    /// The same event twice equals once, and the order of reports does not matter.
    ///
    /// ```
    /// use kassa_checkout::lifecycle::{Effect, Event, Evidence, Lifecycle, Meaning, Rank, Status};
    /// use kassa_checkout::{Amount, Timestamp};
    ///
    /// let mut payment = Lifecycle::new(Amount::from_cents(4_990)?);
    /// payment.apply(Event::Started { attempt: "p1-1".into() });
    /// let paid = Event::Evidence {
    ///     attempt: "p1-1".into(),
    ///     evidence: Evidence {
    ///         key: "77796010023511/success/success".into(),
    ///         rank: Rank { at: Timestamp::from_millis(1), operation: 77_796_010_023_511 },
    ///         meaning: Meaning::Paid,
    ///         begins_anew: true,
    ///         word: "success".into(),
    ///         code: Some("0".into()),
    ///         amount_cents: 4_990,
    ///         currency: "EUR".into(),
    ///     },
    /// };
    /// let effects = payment.apply(paid.clone());
    /// assert_eq!(effects, [Effect::Notify { from: Status::Redirected, to: Status::Paid }]);
    /// assert_eq!(payment.apply(paid), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&mut self, event: Event) -> Vec<Effect> {
        let from = self.status();
        let paid_before = self.attempts_with_money();
        let mut effects = Vec::new();
        match event {
            Event::Started { attempt } => {
                if self.attempt_mut(&attempt).is_none() {
                    self.attempts.push(Attempt::new(attempt));
                }
            }
            Event::Evidence { attempt, evidence } => {
                effects.extend(self.gather(&attempt, evidence));
            }
            Event::OfferEnded => self.offer_ended = true,
            Event::ConfirmationOverdue => effects.extend(self.note_overdue()),
        }
        let to = self.status();
        if from != to {
            effects.push(Effect::Notify { from, to });
        }
        if self.attempts_with_money() > paid_before.max(1) {
            effects.push(Effect::PaidTwice);
        }
        effects
    }

    /// Begins a refund: of the attempt that holds the money, or of this one; of all that is left,
    /// or of this sum. Answers the attempt and the cents.
    ///
    /// What is begun is out of reach of every other refund, so that all of them together never
    /// exceed what was paid. The payment's status changes when one succeeds.
    ///
    /// # Errors
    /// [`RefundRefusal`]; nothing was begun.
    pub fn begin_refund(
        &mut self,
        id: &str,
        attempt: Option<&str>,
        amount: Option<Amount>,
    ) -> Result<(String, u64), RefundRefusal> {
        let attempt = self.attempt_to_refund(attempt)?;
        let left = attempt.refundable_cents();
        let cents = amount.map_or(left, Amount::cents);
        if cents > left {
            return Err(RefundRefusal::TooMuch { left });
        }
        attempt
            .refunds_mut()
            .push(Refund::new(id.to_owned(), cents));
        Ok((attempt.id().to_owned(), cents))
    }

    /// Takes what became of a refund, and says what has to be done. Answers nothing when there is
    /// no such refund or nothing new is known.
    pub fn settle_refund(&mut self, id: &str, outcome: RefundStatus) -> Option<Vec<Effect>> {
        let from = self.status();
        match self.refund_mut(id)?.settle(outcome) {
            Settled::Nothing => return None,
            Settled::Contradicted => return Some(vec![Effect::RefundContradicted]),
            Settled::Changed => {}
        }
        let to = self.status();
        let changed = (from != to).then_some(Effect::Notify { from, to });
        Some(changed.into_iter().collect())
    }

    /// Notes of a refund that was just begun what the provider is to be told when it is called, or
    /// that the shop makes it by itself.
    pub fn plan_refund(&mut self, id: &str, told: Option<RefundTold>) {
        if let Some(refund) = self.refund_mut(id) {
            refund.plan(told);
        }
    }

    /// The provider is called for a refund now. Answers nothing when somebody called it before,
    /// so that of two who try only one does.
    pub fn call_refund(&mut self, id: &str) -> Option<RefundTold> {
        self.refund_mut(id)?.call()
    }

    /// Nobody knows for long what became of a refund; says what has to be done. Answers nothing
    /// when that was said before, or its end is known.
    pub fn refund_overdue(&mut self, id: &str) -> Option<Vec<Effect>> {
        let news = self.refund_mut(id)?.note_overdue();
        news.then(|| vec![Effect::RefundUnanswered])
    }

    /// The pending refunds of an attempt that must have been made, as the provider's own total of
    /// what has gone back tells, in cents.
    ///
    /// A refund is named when no explanation of the total does without it: those that the shop
    /// made by itself may be in the total or not.
    #[must_use]
    pub fn refunds_made(&self, attempt: &str, total_cents: u64) -> Vec<String> {
        let attempt = self.attempts.iter().find(|own| own.id() == attempt);
        let refunds = attempt.map(Attempt::refunds).unwrap_or_default();
        let made = refund::made(refunds, total_cents);
        made.into_iter().map(str::to_owned).collect()
    }

    fn refund_mut(&mut self, id: &str) -> Option<&mut Refund> {
        let mut refunds = self.attempts.iter_mut().flat_map(Attempt::refunds_mut);
        refunds.find(|refund| refund.id() == id)
    }

    /// The refund of this identifier.
    #[must_use]
    pub fn refund(&self, id: &str) -> Option<&Refund> {
        let mut refunds = self.attempts.iter().flat_map(Attempt::refunds);
        refunds.find(|refund| refund.id() == id)
    }

    /// How much went back to the payer at the shop's wish, in cents.
    #[must_use]
    pub fn refunded_cents(&self) -> u64 {
        self.sum(Attempt::refunded_cents)
    }

    /// How much of what the shop gives back is still on its way, in cents: nobody knows yet whether
    /// it went.
    #[must_use]
    pub fn refunding_cents(&self) -> u64 {
        self.sum(Attempt::refunding_cents)
    }

    /// How much can still be refunded, in cents.
    #[must_use]
    pub fn refundable_cents(&self) -> u64 {
        self.sum(Attempt::refundable_cents)
    }

    fn sum(&self, of: impl Fn(&Attempt) -> u64) -> u64 {
        let attempts = self.attempts.iter();
        attempts.fold(0, |sum, attempt| sum.saturating_add(of(attempt)))
    }

    fn attempt_to_refund(&mut self, named: Option<&str>) -> Result<&mut Attempt, RefundRefusal> {
        let with_money: Vec<_> = self
            .attempts
            .iter()
            .filter(|attempt| attempt.refundable_cents() > 0)
            .map(|attempt| attempt.id().to_owned())
            .collect();
        let id = match (named, with_money.as_slice()) {
            (Some(named), _) => named,
            (None, [only]) => only,
            (None, []) => return Err(RefundRefusal::NothingLeft),
            (None, _) => {
                return Err(RefundRefusal::WhichAttempt {
                    attempts: with_money,
                });
            }
        };
        let attempt = self.attempt_mut(id).ok_or(RefundRefusal::UnknownAttempt)?;
        if attempt.refundable_cents() == 0 {
            return Err(RefundRefusal::NothingLeft);
        }
        Ok(attempt)
    }

    fn note_overdue(&mut self) -> Option<Effect> {
        let overdue = self.status() == Status::AwaitingConfirmation && !self.confirmation_overdue;
        self.confirmation_overdue |= overdue;
        overdue.then_some(Effect::ConfirmationOverdue)
    }

    fn gather(&mut self, attempt: &str, evidence: Evidence) -> Option<Effect> {
        let amount = self.amount;
        let Some(attempt) = self.attempt_mut(attempt) else {
            return Some(Effect::UnknownAttempt);
        };
        if !evidence.agrees_with(amount) {
            return attempt
                .keep_aside(evidence)
                .then_some(Effect::AmountDiffers);
        }
        attempt.gather(evidence).then_some(Effect::AskStatus)
    }

    fn attempt_mut(&mut self, id: &str) -> Option<&mut Attempt> {
        self.attempts.iter_mut().find(|attempt| attempt.id() == id)
    }

    fn attempts_with_money(&self) -> usize {
        self.attempts
            .iter()
            .filter(|attempt| attempt.status().holds_money())
            .count()
    }
}

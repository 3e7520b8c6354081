//! Giving money back: what a provider lets a shop do, and how it is asked to do it.

use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    call::Call,
    message::Unsigned,
    order::{AttemptRef, CallContext},
    provider::BuildError,
};

/// What a provider lets a shop give back, told before it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundRule {
    /// The provider gives money back when it is asked.
    Supported {
        /// Whether a part of it may go back, and another part later.
        partial: bool,
        /// How long after the payment, in seconds; `None` where no limit is known.
        until_seconds: Option<u64>,
        /// Whether the refund must bear a reference or a message.
        needs_note: bool,
    },
    /// It does not: the shop gives the money back by itself.
    Unsupported {
        /// Why, as a stable code: `refund/method`.
        reason: &'static str,
    },
}

/// Asks a provider to give money back.
pub trait Refunds {
    /// Builds the call that gives back a sum of a paid attempt.
    ///
    /// Nobody but the caller sees to it that the sums of one payment do not exceed it, nor that
    /// the same refund is not asked for twice: whether a call that failed was heard is not known.
    ///
    /// # Errors
    /// [`BuildError`] naming the field that the provider would refuse.
    fn refund(
        &self,
        attempt: &AttemptRef<'_>,
        order: &RefundOrder<'_>,
        context: &CallContext,
    ) -> Result<Unsigned<Call<RefundReport>>, BuildError>;

    /// How much has gone back of an attempt, if the provider can be asked: what tells whether a
    /// refund was made whose call got no answer.
    fn totals(&self) -> Option<&dyn RefundTotals>;
}

/// Asks a provider how much has gone back.
pub trait RefundTotals {
    /// Builds the question about one attempt.
    ///
    /// # Errors
    /// [`BuildError`] when the provider could not have such a payment.
    fn ask_total(
        &self,
        attempt: &AttemptRef<'_>,
        context: &CallContext,
    ) -> Result<Unsigned<Call<RefundTotal>>, BuildError>;
}

/// What has gone back of an attempt so far, by the provider's word, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundTotal(pub u64);

/// A sum to give back, and what the payer reads about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundOrder<'a> {
    /// The sum.
    pub amount: Amount,
    /// What the payer reads.
    pub note: RefundNote<'a>,
}

/// What a refund bears: exactly one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundNote<'a> {
    /// A reference in its machine form.
    Reference(&'a str),
    /// Words.
    Message(&'a str),
}

/// What a refund will bear, kept until the provider is called.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundTold {
    /// A reference in its machine form.
    Reference(String),
    /// Words.
    Message(String),
}

impl RefundTold {
    /// The same for a call.
    #[must_use]
    pub fn note(&self) -> RefundNote<'_> {
        match self {
            Self::Reference(text) => RefundNote::Reference(text),
            Self::Message(text) => RefundNote::Message(text),
        }
    }
}

impl core::fmt::Debug for RefundTold {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Reference(_) => "Reference",
            Self::Message(_) => "Message",
        })
    }
}

/// A refund that a provider has taken on.
#[derive(Clone, PartialEq, Eq)]
pub struct RefundReport {
    /// The provider's own identifier, where it gave one. It may be confidential.
    pub provider_reference: Option<String>,
    /// What went back of the payment so far, in cents, where the provider says it.
    pub total_refunded_cents: Option<u64>,
}

impl core::fmt::Debug for RefundReport {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RefundReport")
            .field("total_refunded_cents", &self.total_refunded_cents)
            .finish_non_exhaustive()
    }
}

//! What a provider says about an attempt, and how two sayings compare.

use serde::{Deserialize, Serialize};

use crate::{amount::Amount, time::Timestamp};

/// A verified report about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the report is about, in the provider's words: operation, its status, the payment's
    /// status. Two reports are one when rank, code and sum are the same as well.
    pub key: String,
    /// Which of two reports is the later one.
    pub rank: Rank,
    /// What it means.
    pub meaning: Meaning,
    /// Whether the operation is one that can make a payment paid after its money went back (a
    /// new sale), rather than an older one reported once more.
    pub begins_anew: bool,
    /// The provider's own word.
    pub word: String,
    /// The provider's own code, if any.
    pub code: Option<String>,
    /// The sum reported, in minor units.
    pub amount_cents: u64,
    /// The currency reported.
    pub currency: String,
}

impl Evidence {
    /// Whether amount and currency are exactly the order's.
    #[must_use]
    pub fn agrees_with(&self, amount: Amount) -> bool {
        self.amount_cents == amount.cents() && self.currency == amount.currency().code()
    }

    /// A total order: by rank, and between reports of one rank by meaning, word and key, so that
    /// the greatest of a set never depends on the order of arrival.
    pub(super) fn outranks(&self, other: &Self) -> bool {
        let place = |e: &Self| (e.rank, e.meaning);
        (place(self), &self.word, &self.key) > (place(other), &other.word, &other.key)
    }

    /// Whether two reports of the same rank say different things.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        self.rank == other.rank && self.meaning != other.meaning
    }
}

/// Which of two reports is the later one: the provider's own time of the operation, then its
/// number. The time of arrival never counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rank {
    /// The provider's time of the operation.
    pub at: Timestamp,
    /// The provider's number of the operation.
    pub operation: u64,
}

/// What a provider's word means. A word that is not known is [`Meaning::Pending`].
///
/// The order matters only between contradicting reports of the same rank: the more cautious one
/// for the shop is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Not decided, or not known here.
    Pending,
    /// The bank took it on and has yet to confirm.
    AwaitingConfirmation,
    /// The money came.
    Paid,
    /// Not paid in time.
    Expired,
    /// The customer cancelled.
    Cancelled,
    /// The bank or the provider refused.
    Declined,
    /// The provider broke.
    Failed,
    /// A part of the money went back.
    PartiallyRefunded,
    /// All of it went back at the shop's wish.
    Refunded,
    /// All of it went back, or never came.
    Reversed,
}

//! Money on its way back, at the shop's wish.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Coded;

/// A refund of an attempt that brought money.
///
/// From when it is begun its sum is out of reach of other refunds; it is free again only when the
/// refund failed for certain. An outcome that nobody knows leaves it pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    id: String,
    cents: u64,
    status: RefundStatus,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    contradicted: bool,
}

impl Refund {
    pub(super) const fn new(id: String, cents: u64) -> Self {
        Self {
            id,
            cents,
            status: RefundStatus::Pending,
            contradicted: false,
        }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its sum, in cents.
    #[must_use]
    pub const fn cents(&self) -> u64 {
        self.cents
    }

    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> RefundStatus {
        self.status
    }

    /// Takes an outcome, and says what is new about it.
    pub(super) fn settle(&mut self, outcome: RefundStatus) -> Settled {
        if outcome == self.status || outcome == RefundStatus::Pending {
            return Settled::Nothing;
        }
        if self.status == RefundStatus::Pending {
            self.status = outcome;
            return Settled::Changed;
        }
        if self.contradicted {
            return Settled::Nothing;
        }
        self.contradicted = true;
        Settled::Contradicted
    }
}

/// What is new about an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// It was known.
    Nothing,
    /// It is the refund's end.
    Changed,
    /// The refund had another end, for the first time that somebody says so.
    Contradicted,
}

/// Where a refund stands. The first end is the end: what failed freed its sum for another refund,
/// so that a later success cannot be counted, only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RefundStatus {
    /// Asked for; whether the money went is not known yet.
    Pending,
    /// The provider refused it for certain: no money went.
    Failed,
    /// The money went back.
    Succeeded,
}

impl RefundStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Failed, Self::Succeeded];

    /// The word for it in JSON, in the database and in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Succeeded => "succeeded",
        }
    }

    /// The status that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Why a refund cannot begin: what the shop asked for does not fit the payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundRefusal {
    /// Nothing was paid, or all of it went back or is on its way.
    NothingLeft,
    /// The payment has no such attempt.
    UnknownAttempt,
    /// More than one attempt holds money: it must be said which one is meant.
    WhichAttempt {
        /// The attempts that hold money.
        attempts: Vec<String>,
    },
    /// More than there is.
    TooMuch {
        /// What is left, in cents.
        left: u64,
    },
}

impl fmt::Display for RefundRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingLeft => f.write_str("nothing is left to refund"),
            Self::UnknownAttempt => f.write_str("expected an attempt of this payment"),
            Self::WhichAttempt { attempts } => write!(
                f,
                "more than one attempt was paid, expected one of {}",
                attempts.join(", ")
            ),
            Self::TooMuch { left } => write!(f, "expected at most {left} cents, which are left"),
        }
    }
}

impl core::error::Error for RefundRefusal {}

impl Coded for RefundRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NothingLeft => "refund/nothing-left",
            Self::UnknownAttempt => "refund/unknown-attempt",
            Self::WhichAttempt { .. } => "refund/which-attempt",
            Self::TooMuch { .. } => "refund/too-much",
        }
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::NothingLeft => None,
            Self::UnknownAttempt | Self::WhichAttempt { .. } => Some("attempt"),
            Self::TooMuch { .. } => Some("amount"),
        }
    }
}

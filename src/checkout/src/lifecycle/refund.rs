//! Money on its way back, at the shop's wish.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{error::Coded, refund::RefundTold};

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
    /// The shop made it by itself.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    manual: bool,
    /// The provider is still to be called, and told this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    planned: Option<RefundTold>,
    /// Somebody was told that nobody knows what became of it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    overdue: bool,
}

impl Refund {
    pub(super) const fn new(id: String, cents: u64) -> Self {
        Self {
            id,
            cents,
            status: RefundStatus::Pending,
            contradicted: false,
            manual: false,
            planned: None,
            overdue: false,
        }
    }

    /// What the provider is to be told, while it has not been called for certain.
    #[must_use]
    pub const fn planned(&self) -> Option<&RefundTold> {
        self.planned.as_ref()
    }

    /// Notes that the shop makes it by itself, or what the provider is to be told.
    pub(super) fn plan(&mut self, told: Option<RefundTold>) {
        self.manual = told.is_none();
        self.planned = told;
    }

    /// The provider is called now: from here on nobody may call it again. Answers nothing when
    /// somebody called it before.
    pub(super) fn call(&mut self) -> Option<RefundTold> {
        let pending = self.status == RefundStatus::Pending;
        pending.then(|| self.planned.take()).flatten()
    }

    /// Notes that its outcome is overdue; whether that is news.
    pub(super) fn note_overdue(&mut self) -> bool {
        let news = self.status == RefundStatus::Pending && !self.overdue;
        self.overdue |= news;
        news
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

/// How many refunds may be weighed against a provider's total: every subset of them is looked at.
const MOST_WEIGHED: u32 = 12;

/// The pending refunds that must have been made, as a provider's total tells.
///
/// Those that it confirmed are in the total. Each that it was called for without an answer may be,
/// and so may each that the shop made by itself: in the provider's own service, or elsewhere. What
/// is in every explanation of the total was made. Where nothing explains it, or there is too much
/// to explain, nobody knows.
pub(super) fn made<'a>(refunds: &'a [Refund], total_cents: u64) -> Vec<&'a str> {
    let sum = |refunds: &mut dyn Iterator<Item = &'a Refund>| {
        refunds.fold(0, |sum: u64, refund| sum.saturating_add(refund.cents))
    };
    let certain = |refund: &&Refund| refund.status == RefundStatus::Succeeded && !refund.manual;
    let uncertain: Vec<&Refund> = refunds
        .iter()
        .filter(|refund| match refund.status {
            RefundStatus::Pending => refund.planned.is_none(),
            RefundStatus::Succeeded => refund.manual,
            RefundStatus::Failed => false,
        })
        .collect();
    let rest = total_cents.checked_sub(sum(&mut refunds.iter().filter(certain)));
    let (Some(rest), Ok(count)) = (rest, u32::try_from(uncertain.len())) else {
        return Vec::new();
    };
    if count > MOST_WEIGHED {
        return Vec::new();
    }
    let chosen = |set: u32| {
        let places = (0..count).zip(&uncertain);
        places.filter_map(move |(place, refund)| (set >> place & 1 == 1).then_some(*refund))
    };
    let explains = |set: &u32| sum(&mut chosen(*set)) == rest;
    let in_all = (0..1_u32 << count)
        .filter(explains)
        .reduce(|common, set| common & set);
    chosen(in_all.unwrap_or(0))
        .filter(|refund| refund.status == RefundStatus::Pending)
        .map(|refund| refund.id.as_str())
        .collect()
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

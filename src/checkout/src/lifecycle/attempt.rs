//! One attempt to pay, at one provider under one identifier.

use serde::{Deserialize, Serialize};

use super::{
    Status,
    evidence::{Evidence, Meaning},
    refund::{Refund, RefundStatus},
};
use crate::time::Timestamp;

/// What an attempt has seen: the highest-ranking report of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    id: String,
    /// Reports that decide nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Evidence>,
    /// The earliest report that the bank took the payment on.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<Timestamp>,
    /// The money came, by an operation that can begin anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid_anew: Option<Evidence>,
    /// The money came, by any other operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<Evidence>,
    /// No money: declined, cancelled, expired, failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    unpaid: Option<Evidence>,
    /// The money went back.
    #[serde(skip_serializing_if = "Option::is_none")]
    returned: Option<Evidence>,
    /// Reports about another amount, by key: kept, and never counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aside: Vec<Evidence>,
    /// What the shop sends back, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refunds: Vec<Refund>,
}

impl Attempt {
    pub(super) const fn new(id: String) -> Self {
        Self {
            id,
            open: None,
            accepted_at: None,
            paid_anew: None,
            paid: None,
            unpaid: None,
            returned: None,
            aside: Vec::new(),
            refunds: Vec::new(),
        }
    }

    /// The identifier of the attempt at the provider.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When the provider first reported that the bank took the payment on.
    #[must_use]
    pub const fn accepted_at(&self) -> Option<Timestamp> {
        self.accepted_at
    }

    /// The report that decides the attempt's status, if any came.
    ///
    /// Reports that decide nothing count only while nothing else is there. Once money went back,
    /// an older or repeated success does not bring it again; only a later new sale does.
    #[must_use]
    pub fn deciding(&self) -> Option<&Evidence> {
        let paid = match self.returned {
            Some(_) => None,
            None => self.paid.as_ref(),
        };
        [
            self.paid_anew.as_ref(),
            paid,
            self.unpaid.as_ref(),
            self.returned.as_ref(),
        ]
        .into_iter()
        .flatten()
        .reduce(|best, next| if next.outranks(best) { next } else { best })
        .or(self.open.as_ref())
    }

    /// Where the attempt stands: what the provider reported, and of money that is held, how much
    /// was refunded.
    #[must_use]
    pub fn status(&self) -> Status {
        let reported = self.reported();
        match self.sum(|status| status == RefundStatus::Succeeded) {
            0 => reported,
            _ if !reported.holds_money() => reported,
            cents if cents >= self.held_cents() => Status::Refunded,
            _ => Status::PartiallyRefunded,
        }
    }

    /// What the shop sent back or is sending back, oldest first.
    #[must_use]
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// How much of the attempt's money has gone back at the shop's wish, in cents: by refunds made
    /// here, or all of it by the provider's word. What the provider alone knows of a part is not
    /// in it.
    #[must_use]
    pub fn refunded_cents(&self) -> u64 {
        match self.deciding() {
            Some(told) if told.meaning == Meaning::Refunded => told.amount_cents,
            _ => self.sum(|status| status == RefundStatus::Succeeded),
        }
    }

    /// How much of what the shop gives back is still on its way, in cents.
    #[must_use]
    pub fn refunding_cents(&self) -> u64 {
        self.sum(|status| status == RefundStatus::Pending)
    }

    /// How much can still be refunded, in cents: what was paid, without what went back or may be
    /// on its way.
    #[must_use]
    pub fn refundable_cents(&self) -> u64 {
        let taken = self.sum(|status| status != RefundStatus::Failed);
        self.held_cents().saturating_sub(taken)
    }

    fn sum(&self, counts: impl Fn(RefundStatus) -> bool) -> u64 {
        let counted = self.refunds.iter().filter(|refund| counts(refund.status()));
        counted.fold(0, |sum, refund| sum.saturating_add(refund.cents()))
    }

    /// What the provider reports to hold for us, in cents.
    fn held_cents(&self) -> u64 {
        let deciding = self.deciding().filter(|_| self.reported().holds_money());
        deciding.map_or(0, |evidence| evidence.amount_cents)
    }

    pub(super) fn refunds_mut(&mut self) -> &mut Vec<Refund> {
        &mut self.refunds
    }

    /// Where the attempt stands by what the provider reported.
    fn reported(&self) -> Status {
        match self.deciding().map(|evidence| evidence.meaning) {
            None => Status::Redirected,
            Some(Meaning::Pending) => Status::Pending,
            Some(Meaning::AwaitingConfirmation) => Status::AwaitingConfirmation,
            Some(Meaning::Paid) => Status::Paid,
            Some(Meaning::Declined) => Status::Declined,
            Some(Meaning::Cancelled) => Status::Cancelled,
            Some(Meaning::Expired) => Status::Expired,
            Some(Meaning::Failed) => Status::Failed,
            Some(Meaning::PartiallyRefunded) => Status::PartiallyRefunded,
            Some(Meaning::Refunded) => Status::Refunded,
            Some(Meaning::Reversed) => Status::Reversed,
        }
    }

    /// Gathers a report; true when it newly contradicts what was there.
    pub(super) fn gather(&mut self, evidence: Evidence) -> bool {
        let contradicts = self.contradicted_by(&evidence);
        if matches!(
            evidence.meaning,
            Meaning::AwaitingConfirmation | Meaning::Paid
        ) {
            let at = evidence.rank.at;
            self.accepted_at = Some(self.accepted_at.map_or(at, |before| before.min(at)));
        }
        let place = match evidence.meaning {
            Meaning::Pending | Meaning::AwaitingConfirmation => &mut self.open,
            Meaning::Paid if evidence.begins_anew => &mut self.paid_anew,
            Meaning::Paid => &mut self.paid,
            Meaning::Expired | Meaning::Cancelled | Meaning::Declined | Meaning::Failed => {
                &mut self.unpaid
            }
            Meaning::PartiallyRefunded | Meaning::Refunded | Meaning::Reversed => {
                &mut self.returned
            }
        };
        if place.as_ref().is_none_or(|held| evidence.outranks(held)) {
            *place = Some(evidence);
        }
        contradicts
    }

    /// Keeps a report that must not count; true when it was not there yet.
    pub(super) fn keep_aside(&mut self, evidence: Evidence) -> bool {
        let new = !self.aside.contains(&evidence);
        if new {
            self.aside.push(evidence);
            self.aside
                .sort_by(|a, b| (&a.key, a.amount_cents).cmp(&(&b.key, b.amount_cents)));
        }
        new
    }

    fn contradicted_by(&self, evidence: &Evidence) -> bool {
        [&self.paid_anew, &self.paid, &self.unpaid, &self.returned]
            .into_iter()
            .flatten()
            .any(|held| {
                evidence.contradicts(held)
                    && !matches!(
                        evidence.meaning,
                        Meaning::Pending | Meaning::AwaitingConfirmation
                    )
            })
    }
}

//! Refunds as they are kept, and what becomes of a payment when one is begun or ends.

use std::fmt;

use kassa_checkout::{
    Amount, Timestamp,
    lifecycle::{RefundRefusal, RefundStatus},
    refund::RefundTold,
};
use serde_json::json;

use super::{StoreError, record::Payment, transition::Change};

/// A refund to begin.
pub struct NewRefund {
    /// Its identifier.
    pub id: String,
    /// The shop.
    pub shop: String,
    /// The payment.
    pub payment: String,
    /// The attempt that brought the money; the only one that holds any without it.
    pub attempt: Option<String>,
    /// The sum; all that is left without it.
    pub amount: Option<Amount>,
    /// What the provider is to be told when it is called; none where the shop has sent the money
    /// back by itself, so that only the books are to know.
    pub told: Option<RefundTold>,
    /// The shop's own note.
    pub note: Option<String>,
    /// Now.
    pub now: Timestamp,
    /// Writes the answer that is kept under the idempotency key.
    pub answer: Box<dyn Fn(&RefundRecord) -> String + Send + Sync>,
}

impl fmt::Debug for NewRefund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRefund")
            .field("id", &self.id)
            .field("payment", &self.payment)
            .finish_non_exhaustive()
    }
}

/// A refund as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct RefundRecord {
    /// Its identifier.
    pub id: String,
    /// The payment.
    pub payment: String,
    /// The attempt that brought the money.
    pub attempt: String,
    /// The sum, in cents.
    pub cents: u64,
    /// Where it stands.
    pub status: RefundStatus,
    /// Whether the shop has sent the money back by itself.
    pub manual: bool,
    /// The shop's own note.
    pub note: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it came to its present status.
    pub changed_at: Timestamp,
}

impl fmt::Debug for RefundRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefundRecord")
            .field("id", &self.id)
            .field("cents", &self.cents)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What happened to a refund that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStep {
    /// The provider is called now, by whoever notes this first, and by nobody ever after.
    Called,
    /// Nobody knows for long what became of it.
    Overdue,
    /// It is known what became of it.
    Ended(RefundStatus),
}

impl From<RefundStatus> for RefundStep {
    fn from(outcome: RefundStatus) -> Self {
        Self::Ended(outcome)
    }
}

/// A refund that nobody knows the end of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRefund {
    /// The shop.
    pub shop: String,
    /// The refund.
    pub refund: RefundRecord,
}

/// What came of the wish to refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refunding {
    /// It was begun.
    New {
        /// The refund.
        refund: RefundRecord,
        /// The answer to the shop.
        answer: String,
        /// The token of the payment, to tell those who watch it.
        token: String,
    },
    /// The same request was answered before; this is that answer.
    Before(String),
    /// The key was used with another request.
    KeyReused,
    /// The shop has no such payment.
    Unknown,
    /// It does not fit the payment.
    Refused(RefundRefusal),
}

/// A refund is begun; one that the shop made by itself has succeeded at once.
pub(crate) fn begin(
    payment: Payment,
    new: &NewRefund,
) -> Result<Result<(Change, RefundRecord), RefundRefusal>, StoreError> {
    let mut change = Change::of(payment);
    let lifecycle = &mut change.payment.lifecycle;
    let begun = lifecycle.begin_refund(&new.id, new.attempt.as_deref(), new.amount);
    let (attempt, cents) = match begun {
        Ok(begun) => begun,
        Err(refusal) => return Ok(Err(refusal)),
    };
    lifecycle.plan_refund(&new.id, new.told.clone());
    let mut refund = RefundRecord {
        id: new.id.clone(),
        payment: change.payment.id.clone(),
        attempt,
        cents,
        status: RefundStatus::Pending,
        manual: new.told.is_none(),
        note: new.note.clone(),
        created_at: new.now,
        changed_at: new.now,
    };
    let who = format!("shop:{}", change.payment.shop);
    let detail = json!({
        "refund": refund.id,
        "attempt": refund.attempt,
        "amount": refund.cents,
        "manual": refund.manual,
    });
    change.append(new.now, &who, "refund.begun", detail);
    change.grow();
    if refund.manual {
        end(&mut change, &mut refund, RefundStatus::Succeeded, new.now)?;
    }
    change.refund = Some(refund.clone());
    Ok(Ok((change, refund)))
}

/// Something happened to a refund. Nothing when that was known before.
pub(crate) fn advance(
    payment: Payment,
    mut refund: RefundRecord,
    step: RefundStep,
    now: Timestamp,
) -> Result<Option<Change>, StoreError> {
    let mut change = Change::of(payment);
    let news = match step {
        RefundStep::Called => call(&mut change, &refund, now),
        RefundStep::Overdue => remind(&mut change, &refund, now)?,
        RefundStep::Ended(outcome) => end(&mut change, &mut refund, outcome, now)?,
    };
    if !news {
        return Ok(None);
    }
    change.grow();
    change.refund = Some(refund);
    Ok(Some(change))
}

/// Whether the provider had not been called before.
fn call(change: &mut Change, refund: &RefundRecord, now: Timestamp) -> bool {
    let planned = change.payment.lifecycle.call_refund(&refund.id).is_some();
    if planned {
        let detail = json!({ "refund": refund.id });
        change.append(now, "kassa", "refund.called", detail);
    }
    planned
}

/// Whether nobody had been reminded before.
fn remind(change: &mut Change, refund: &RefundRecord, now: Timestamp) -> Result<bool, StoreError> {
    let Some(effects) = change.payment.lifecycle.refund_overdue(&refund.id) else {
        return Ok(false);
    };
    let detail = json!({ "refund": refund.id, "amount": refund.cents });
    change.append(now, "kassa", "refund.overdue", detail);
    change.follow_all(effects, now)?;
    Ok(true)
}

/// Whether there is anything new about it.
fn end(
    change: &mut Change,
    refund: &mut RefundRecord,
    outcome: RefundStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let lifecycle = &mut change.payment.lifecycle;
    let Some(effects) = lifecycle.settle_refund(&refund.id, outcome) else {
        return Ok(false);
    };
    let now_stands = lifecycle.refund(&refund.id).map(|refund| refund.status());
    if let Some(status) = now_stands.filter(|status| *status != refund.status) {
        refund.status = status;
        refund.changed_at = now;
        let detail = json!({ "refund": refund.id, "amount": refund.cents, "status": status });
        change.append(now, "kassa", "refund.changed", detail);
        change.tell_refund(refund, now)?;
    }
    change.follow_all(effects, now)?;
    Ok(true)
}

//! Refunds that nobody knows the end of.
//!
//! One whose provider was never called, because the process ended before, is carried out. One
//! whose call got no answer is never called a second time: no provider's documentation names a way
//! to do that safely. The provider is asked how much went back of the payment in all, and where
//! every explanation of that sum holds the refund, it was made. Else it stays pending: that a
//! provider's total does not hold it now is no proof that it never will. After an hour the shop
//! is told once (`payment.flagged` with `refund_unanswered`), and a person looks.

use std::collections::HashMap;

use kassa_checkout::Timestamp;

use super::PAUSE;
use crate::{
    clock, refunding,
    state::AppState,
    store::{PendingRefund, RefundStep, StoreError},
};

/// How many are looked at together.
const BATCH: u32 = 500;
/// A younger one is in the hands of whoever began it, in seconds: longer than a call takes.
const IN_HAND: u64 = 30;
/// The shortest pause between two looks at one, in seconds. Pauses are half as long as it is old.
const SHORTEST: u64 = 15;
/// The longest, in seconds.
const LONGEST: u64 = 6 * 3_600;
/// For how long one is looked at, in seconds: two weeks, as attempts are asked for.
const LOOKED_AT_FOR: u64 = 14 * 24 * 3_600;
/// After how long the shop is told that nobody knows, in seconds.
const OVERDUE: u64 = 3_600;

/// Takes up what is due, for ever.
pub(super) async fn run(app: AppState) {
    let mut looks = Looks::default();
    loop {
        let now = clock::now();
        let from = Timestamp::from_millis(now.millis().saturating_sub(LOOKED_AT_FOR * 1_000));
        match app.store.pending_refunds(from, BATCH).await {
            Ok(pending) => {
                for one in looks.due(pending, now) {
                    if let Err(error) = look(&app, &one, now).await {
                        tracing::error!(target: "kassa::jobs", refund = %one.refund.id, %error, "a refund could not be taken up");
                    }
                }
            }
            Err(error) => {
                tracing::error!(target: "kassa::jobs", %error, "pending refunds could not be read");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn look(app: &AppState, one: &PendingRefund, now: Timestamp) -> Result<(), StoreError> {
    // A shop that has gone may be there again tomorrow; its refunds wait.
    if let Some(shop) = app.config.shops.get(&one.shop) {
        refunding::take_up(app, shop, &one.refund).await?;
    }
    if now.seconds_since(one.refund.created_at) < OVERDUE {
        return Ok(());
    }
    let overdue = RefundStep::Overdue;
    let told = app.store.advance_refund(&one.refund.id, overdue, now);
    if let Some(token) = told.await? {
        tracing::error!(target: "kassa::jobs", refund = %one.refund.id, payment = %one.refund.payment, "nobody knows whether a refund was made: look at the provider's own service, then `kassa refunds settle`");
        app.changed(&token);
    }
    Ok(())
}

/// When each is looked at next. In memory: after a restart all are looked at once more.
#[derive(Debug, Default)]
struct Looks {
    next: HashMap<String, Timestamp>,
}

impl Looks {
    /// Those that are due, and none that has ended is remembered.
    fn due(&mut self, pending: Vec<PendingRefund>, now: Timestamp) -> Vec<PendingRefund> {
        let mut next = HashMap::with_capacity(pending.len());
        let mut due = Vec::new();
        for one in pending {
            let age = now.seconds_since(one.refund.created_at);
            if age < IN_HAND {
                continue;
            }
            match self.next.remove(&one.refund.id).filter(|at| *at > now) {
                Some(at) => next.insert(one.refund.id, at),
                None => {
                    let pause = (age / 2).clamp(SHORTEST, LONGEST);
                    let at = now.plus_seconds(pause);
                    let before = next.insert(one.refund.id.clone(), at);
                    due.push(one);
                    before
                }
            };
        }
        self.next = next;
        due
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{Timestamp, lifecycle::RefundStatus};

    use super::{IN_HAND, LONGEST, Looks, SHORTEST};
    use crate::store::{PendingRefund, RefundRecord};

    const BEGUN: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn pending() -> Vec<PendingRefund> {
        let refund = RefundRecord {
            id: "ref_1".into(),
            payment: "pay_1".into(),
            attempt: "pay_1-1".into(),
            cents: 100,
            status: RefundStatus::Pending,
            manual: false,
            note: None,
            created_at: BEGUN,
            changed_at: BEGUN,
        };
        let shop = "demo".into();
        vec![PendingRefund { shop, refund }]
    }

    #[test]
    fn looks_grow_rarer_and_whoever_began_it_has_time() {
        let mut looks = Looks::default();
        let mut due_at = |seconds| !looks.due(pending(), BEGUN.plus_seconds(seconds)).is_empty();
        assert!(!due_at(IN_HAND - 1));
        assert!(due_at(IN_HAND));
        assert!(!due_at(IN_HAND + SHORTEST - 1));
        assert!(due_at(IN_HAND + SHORTEST));
        let day = 24 * 3_600;
        assert!(due_at(day));
        assert!(!due_at(day + LONGEST - 1));
        assert!(due_at(day + LONGEST));
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut looks = Looks::default();
        assert_eq!(looks.due(pending(), BEGUN.plus_seconds(IN_HAND)).len(), 1);
        assert!(
            looks
                .due(Vec::new(), BEGUN.plus_seconds(IN_HAND))
                .is_empty()
        );
        assert!(looks.next.is_empty());
    }
}

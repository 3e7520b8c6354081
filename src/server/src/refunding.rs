//! Refunds that a provider is asked to make.
//!
//! A refund is durable, and its sum out of reach of every other, before the provider is called;
//! that it is called is durable too, so that the call is made once, whoever dies when. Where
//! nobody can tell whether it was heard, the refund stays pending: a second call might send the
//! money twice. Then the provider is asked how much went back in all; see `jobs/refunds.rs`.

use std::sync::Arc;

use kassa_checkout::{
    Amount, CallError, Coded as _,
    lifecycle::{Attempt, Refund, RefundStatus},
    order::AttemptRef,
    refund::{RefundOrder, RefundTold},
};

use crate::{
    calls::Failed,
    clock,
    crash::{self, Point},
    gateway,
    problem::{Fault, Problem},
    shop::{Account, Shop},
    state::AppState,
    store::{Payment, RefundRecord, RefundStep, StoreError},
};

/// The account that would give the money of a payment back: the one that took it, whichever the
/// shop prefers today. None where the configuration has it no more.
pub(crate) fn account_of<'a>(
    shop: &'a Shop,
    payment: &Payment,
    attempt: Option<&str>,
) -> Option<&'a Account> {
    let holds_money = |attempt: &&Attempt| attempt.refundable_cents() > 0;
    let mut attempts = payment.lifecycle.attempts().iter();
    let attempt = attempt.or_else(|| attempts.find(holds_money).map(Attempt::id));
    let latest = payment.latest.as_ref().map(|latest| latest.id.as_str());
    match attempt.or(latest) {
        Some(attempt) => shop.account(payment.provider_of(attempt)?),
        // Nothing was tried yet, and nothing will come of it.
        None => shop.accounts.first(),
    }
}

/// Tries what the shop asks for on a call that nobody will make, before anything is written.
///
/// # Errors
/// [`Problem`] when the provider makes no refunds, or would refuse this one's words.
pub(crate) fn check(
    account: &Account,
    payment: &Payment,
    told: &RefundTold,
) -> Result<(), Problem> {
    if account.provider.refunds().is_none() {
        return Err(Problem::field(
            Fault::RefundUnsupported,
            "manual",
            "Kassa cannot have this provider send money back: do it by a credit transfer or in \
             the provider's own service, and record that with `manual: true`",
        ));
    }
    let about = AttemptRef {
        provider_payment_id: &payment.id,
        provider_reference: Some("none"),
    };
    let order = RefundOrder {
        amount: payment.lifecycle.amount(),
        note: told.note(),
    };
    match gateway::refund(account, &about, &order) {
        Ok(_) => Ok(()),
        Err(error) => {
            let field = error
                .field()
                .filter(|field| matches!(*field, "reference" | "message"));
            match field {
                Some(field) => Err(Problem::with_code(
                    error.code().to_owned(),
                    field,
                    error.to_string(),
                )),
                None => {
                    tracing::error!(target: "kassa::refunds", shop = %account.shop, %error, "a refund cannot be built");
                    Err(Fault::Provider.into())
                }
            }
        }
    }
}

/// Has the provider make a refund that was begun, and writes down what became of it. Nothing where
/// somebody does so already, or has called the provider before.
pub(crate) async fn carry_out(app: AppState, shop: Arc<Shop>, refund: RefundRecord) {
    let Some(_running) = app.running.enter("refund", &refund.id) else {
        return;
    };
    crash::point(Point::RefundBegun);
    if let Err(error) = make(&app, &shop, &refund).await {
        tracing::error!(target: "kassa::refunds", refund = %refund.id, %error, "a refund waits for the store");
    }
}

async fn make(app: &AppState, shop: &Shop, refund: &RefundRecord) -> Result<(), StoreError> {
    let payment = app.store.payment(&shop.id, &refund.payment).await?;
    let payment = payment.ok_or(StoreError::Corrupt("refund"))?;
    let kept = payment.lifecycle.refund(&refund.id);
    let Some(told) = kept.and_then(Refund::planned).cloned() else {
        return Ok(());
    };
    // Once for good: whoever dies after this leaves a refund that may have been made.
    let called = RefundStep::Called;
    let called = app.store.advance_refund(&refund.id, called, clock::now());
    if called.await?.is_none() {
        return Ok(());
    }
    crash::point(Point::RefundCalling);
    let outcome = call(app, shop, &payment, refund, &told).await;
    crash::point(Point::RefundCalled);
    if outcome == RefundStatus::Pending {
        tracing::error!(target: "kassa::refunds", refund = %refund.id, payment = %refund.payment, "whether a refund was made is not known: the provider is asked how much went back");
        return Ok(());
    }
    settle(app, &refund.id, outcome).await
}

async fn settle(app: &AppState, refund: &str, outcome: RefundStatus) -> Result<(), StoreError> {
    let settled = app
        .store
        .advance_refund(refund, outcome.into(), clock::now());
    if let Some(token) = settled.await? {
        app.changed(&token);
    }
    Ok(())
}

async fn call(
    app: &AppState,
    shop: &Shop,
    payment: &Payment,
    refund: &RefundRecord,
    told: &RefundTold,
) -> RefundStatus {
    let Some(account) = account_at(shop, payment, refund) else {
        tracing::error!(target: "kassa::refunds", refund = %refund.id, "a refund was not made: its account is not in the configuration");
        return RefundStatus::Failed;
    };
    let about = about(payment, refund);
    let Ok(amount) = Amount::from_cents(refund.cents) else {
        return RefundStatus::Failed;
    };
    let note = told.note();
    let order = RefundOrder { amount, note };
    let signed = match gateway::refund(account, &about, &order) {
        Ok(signed) => signed,
        Err(error) => {
            tracing::error!(target: "kassa::refunds", refund = %refund.id, %error, "a refund could not be built");
            return RefundStatus::Failed;
        }
    };
    let made = app.calls.make(account, "refund", signed, clock::now());
    match made.await {
        Ok(_) => RefundStatus::Succeeded,
        Err(failed) => {
            tracing::warn!(target: "kassa::refunds", refund = %refund.id, reason = %failed, "a refund brought no success");
            meaning(&failed)
        }
    }
}

/// Takes up a refund that nobody works on: calls the provider where nobody has, else asks it how
/// much went back in all, and settles what that proves.
pub(crate) async fn take_up(
    app: &AppState,
    shop: &Arc<Shop>,
    refund: &RefundRecord,
) -> Result<(), StoreError> {
    let payment = app.store.payment(&shop.id, &refund.payment).await?;
    let payment = payment.ok_or(StoreError::Corrupt("refund"))?;
    let kept = payment.lifecycle.refund(&refund.id);
    if kept.is_some_and(|kept| kept.planned().is_some()) {
        carry_out(app.clone(), Arc::clone(shop), refund.clone()).await;
        return Ok(());
    }
    let Some(_running) = app.running.enter("refund", &refund.id) else {
        return Ok(());
    };
    let about = about(&payment, refund);
    let Some(account) = account_at(shop, &payment, refund) else {
        return Ok(());
    };
    let Some(total) = gateway::ask_refunded(&app.calls, account, &about, clock::now()).await else {
        return Ok(());
    };
    // As it stands after the answer: the sum may hold a refund that was begun while the provider
    // was asked, and must not be taken for this one of the same size.
    let payment = app.store.payment(&shop.id, &refund.payment).await?;
    let payment = payment.ok_or(StoreError::Corrupt("refund"))?;
    for made in payment.lifecycle.refunds_made(&refund.attempt, total) {
        tracing::info!(target: "kassa::refunds", refund = %made, "a refund without an answer was made: the provider's total says so");
        settle(app, &made, RefundStatus::Succeeded).await?;
    }
    Ok(())
}

/// The account that took the money, where the configuration still has it.
fn account_at<'a>(shop: &'a Shop, payment: &Payment, refund: &RefundRecord) -> Option<&'a Account> {
    shop.account(payment.provider_of(&refund.attempt)?)
}

fn about<'a>(payment: &'a Payment, refund: &'a RefundRecord) -> AttemptRef<'a> {
    AttemptRef {
        provider_payment_id: &refund.attempt,
        provider_reference: payment.reference_of(&refund.attempt),
    }
}

/// What a call that brought no success says about the money.
const fn meaning(failed: &Failed) -> RefundStatus {
    match failed {
        // Refused by whoever would have made it.
        Failed::Answer(CallError::Refused { .. } | CallError::UnknownPayment) => {
            RefundStatus::Failed
        }
        _ if failed.was_never_sent() => RefundStatus::Failed,
        _ => RefundStatus::Pending,
    }
}

#[cfg(test)]
mod tests {
    use kassa_checkout::{
        CallError, Timestamp,
        lifecycle::RefundStatus,
        message::{ContentError, Refused},
    };

    use super::{Failed, meaning};
    use crate::transport::SendError;

    #[test]
    fn a_refund_has_failed_only_where_no_money_can_have_gone() {
        let until = Timestamp::from_millis(1);
        let refused = CallError::Refused {
            status: 400,
            code: None,
        };
        for failed in [
            Failed::LeftAlone { until },
            Failed::Sending(SendError::Unreachable),
            Failed::Answer(refused),
        ] {
            assert_eq!(meaning(&failed), RefundStatus::Failed, "{failed}");
        }
        let malformed = Refused::Content(ContentError::Malformed);
        for failed in [
            Failed::Sending(SendError::TimedOut),
            Failed::Sending(SendError::Broken),
            Failed::Sending(SendError::TooLarge),
            Failed::Answer(CallError::Unavailable { retry_after: None }),
            Failed::Answer(CallError::Unreadable(malformed)),
        ] {
            assert_eq!(meaning(&failed), RefundStatus::Pending, "{failed}");
        }
    }
}

//! Refunds that a provider is asked to make.
//!
//! A refund is durable, and its sum out of reach of every other, before the provider is called;
//! the call is made once. Where nobody can tell whether it was heard, the refund stays pending:
//! a second call might send the money twice.

use std::sync::Arc;

use kassa_checkout::{
    Amount, CallError, Coded as _,
    lifecycle::{Attempt, RefundStatus},
    order::AttemptRef,
    refund::{RefundNote, RefundOrder},
};

use crate::{
    calls::Failed,
    clock, gateway,
    problem::{Fault, Problem},
    shop::{Account, Shop},
    state::AppState,
    store::{Payment, RefundRecord, StoreError},
};

/// What the payer reads about a refund.
#[derive(Debug, Clone)]
pub(crate) enum Note {
    /// A reference in its machine form.
    Reference(String),
    /// Words.
    Message(String),
}

impl Note {
    fn borrowed(&self) -> RefundNote<'_> {
        match self {
            Self::Reference(text) => RefundNote::Reference(text),
            Self::Message(text) => RefundNote::Message(text),
        }
    }
}

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
pub(crate) fn check(account: &Account, payment: &Payment, note: &Note) -> Result<(), Problem> {
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
        note: note.borrowed(),
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

/// Has the provider make a refund that was begun, and writes down what became of it.
pub(crate) async fn carry_out(app: AppState, shop: Arc<Shop>, refund: RefundRecord, note: Note) {
    let outcome = match call(&app, &shop, &refund, &note).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(target: "kassa::refunds", refund = %refund.id, %error, "a refund was not made: its payment cannot be read");
            return;
        }
    };
    if outcome == RefundStatus::Pending {
        tracing::error!(target: "kassa::refunds", refund = %refund.id, payment = %refund.payment, "whether a refund was made is not known: ask the provider");
        return;
    }
    match app
        .store
        .settle_refund(&refund.id, outcome, clock::now())
        .await
    {
        Ok(Some(token)) => {
            app.changed(&token);
            app.outbox.notify_one();
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(target: "kassa::refunds", refund = %refund.id, outcome = outcome.as_str(), %error, "a refund's outcome was not kept");
        }
    }
}

async fn call(
    app: &AppState,
    shop: &Shop,
    refund: &RefundRecord,
    note: &Note,
) -> Result<RefundStatus, StoreError> {
    let payment = app.store.payment(&shop.id, &refund.payment).await?;
    let provider = payment
        .as_ref()
        .and_then(|payment| payment.provider_of(&refund.attempt));
    let Some(account) = provider.and_then(|provider| shop.account(provider)) else {
        tracing::error!(target: "kassa::refunds", refund = %refund.id, provider, "a refund was not made: its account is not in the configuration");
        return Ok(RefundStatus::Failed);
    };
    let about = AttemptRef {
        provider_payment_id: &refund.attempt,
        provider_reference: payment
            .as_ref()
            .and_then(|payment| payment.reference_of(&refund.attempt)),
    };
    let Ok(amount) = Amount::from_cents(refund.cents) else {
        return Ok(RefundStatus::Failed);
    };
    let order = RefundOrder {
        amount,
        note: note.borrowed(),
    };
    let signed = match gateway::refund(account, &about, &order) {
        Ok(signed) => signed,
        Err(error) => {
            tracing::error!(target: "kassa::refunds", refund = %refund.id, %error, "a refund could not be built");
            return Ok(RefundStatus::Failed);
        }
    };
    let made = app
        .calls
        .make(account, "refund", signed, clock::now())
        .await;
    Ok(match made {
        Ok(_) => RefundStatus::Succeeded,
        Err(failed) => {
            tracing::warn!(target: "kassa::refunds", refund = %refund.id, reason = %failed, "a refund brought no success");
            meaning(&failed)
        }
    })
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

//! Beginning a payment by a call of ours: the attempt is durable before, and whatever happens to
//! the call, no second payment is begun for the first.
//!
//! A call that got no answer may have reached the provider. Then the customer waits, for the
//! provider may go on as if nothing were wrong; and when the same choice is made again, the
//! provider is asked how the attempt stands before the same call is made with the same
//! identifier.

use kassa_checkout::{
    Call, CallError, Signed,
    bank::Unavailable,
    contract::NextStep,
    provider::{Next, Opened, Redirect},
};

use crate::{
    calls::Failed,
    clock,
    gateway::{self, Asked},
    problem::{Fault, Problem},
    reports,
    shop::Shop,
    state::AppState,
    store::{AttemptRecord, CallState, Called, Payment},
    transport::SendError,
    view,
};

/// Makes the call that begins an attempt, if it is still to be made; what the browser does next.
///
/// # Errors
/// [`Problem`] when the provider refuses or cannot be reached: the customer chooses again.
pub(crate) async fn open(
    app: &AppState,
    shop: &Shop,
    payment: &Payment,
    attempt: &AttemptRecord,
    new: bool,
    call: Signed<Call<Opened>>,
) -> Result<NextStep, Problem> {
    if let Some(redirect) = &attempt.redirect {
        return Ok(view::step(redirect));
    }
    if attempt.call != Some(CallState::Unsure) {
        return Ok(NextStep::Await);
    }
    // The form was sent twice, and the first of the two makes the call now.
    let Some(_running) = app.running.enter(&attempt.provider, &attempt.id) else {
        return Ok(NextStep::Await);
    };
    if !new {
        let reference = attempt.references.of(&attempt.id);
        match gateway::ask_status(&app.calls, shop, &attempt.id, reference, clock::now()).await {
            Asked::UnknownPayment => {}
            Asked::Answer(events) => return known(app, shop, payment, attempt, events).await,
            Asked::Temporary { .. } => return Err(unreachable()),
            Asked::Refused | Asked::Unsupported => return Err(Fault::Provider.into()),
        }
    }
    match app.calls.make(shop, "begin", call, clock::now()).await {
        Ok(opened) => taken(app, shop, attempt, opened.into_inner()).await,
        Err(failed) => missed(app, shop, payment, attempt, new, &failed).await,
    }
}

/// The provider knows the payment, though we never heard that it took it on.
async fn known(
    app: &AppState,
    shop: &Shop,
    payment: &Payment,
    attempt: &AttemptRecord,
    events: Vec<kassa_checkout::provider::PaymentEvent>,
) -> Result<NextStep, Problem> {
    let provider = shop.account.provider.facts().id;
    note(app, shop, attempt, CallState::Taken, None, None).await?;
    for report in events {
        if report.provider_payment_id == attempt.id {
            reports::apply(app, provider, report, None).await?;
        }
    }
    let now = app.store.by_token(&payment.token).await?;
    Ok(now
        .and_then(|payment| view::next(&payment))
        .unwrap_or(NextStep::Await))
}

async fn taken(
    app: &AppState,
    shop: &Shop,
    attempt: &AttemptRecord,
    opened: Opened,
) -> Result<NextStep, Problem> {
    let redirect = match opened.next {
        Next::Go(redirect) => Some(redirect),
        Next::Await => None,
    };
    let step = redirect.as_ref().map_or(NextStep::Await, view::step);
    let reference = opened.provider_reference;
    note(app, shop, attempt, CallState::Taken, redirect, reference).await?;
    Ok(step)
}

/// The call brought nothing: whether the customer may still wait for it.
async fn missed(
    app: &AppState,
    shop: &Shop,
    payment: &Payment,
    attempt: &AttemptRecord,
    new: bool,
    failed: &Failed,
) -> Result<NextStep, Problem> {
    let provider = shop.account.provider.facts().id;
    let never_sent = matches!(
        failed,
        Failed::LeftAlone { .. }
            | Failed::Sending(SendError::Unreachable | SendError::NoClient | SendError::Address)
    );
    if never_sent {
        tracing::warn!(target: "kassa::calls", provider, shop = %shop.id, reason = %failed, "a payment could not begin");
        // An earlier call may have got there, so only a first one is known to have come to nothing.
        if new {
            note(app, shop, attempt, CallState::Refused, None, None).await?;
        }
        return Err(unreachable());
    }
    if failed.is_temporary() && shop.account.provider.facts().asked_by_reference {
        // Whatever the provider has made of it, nobody was told where to pay it.
        tracing::warn!(target: "kassa::calls", provider, shop = %shop.id, attempt = %attempt.id, reason = %failed, "a payment could not begin");
        note(app, shop, attempt, CallState::Refused, None, None).await?;
        return Err(unreachable());
    }
    if failed.is_temporary() {
        tracing::warn!(target: "kassa::calls", provider, shop = %shop.id, attempt = %attempt.id, reason = %failed, "whether a payment began is not known");
        return Ok(NextStep::Await);
    }
    note(app, shop, attempt, CallState::Refused, None, None).await?;
    match failed {
        Failed::Answer(CallError::NotOffered { why }) => {
            tracing::info!(target: "kassa::calls", provider, shop = %shop.id, reason = %failed, "a bank is not offered now");
            let detail = match why {
                Some(Unavailable::Amount) => "the bank does not take this sum",
                _ => "the bank cannot be chosen now",
            };
            // The list that the bank was chosen from is out of date.
            app.banks.forget(&shop.id, payment.lifecycle.amount());
            Err(Problem::field(Fault::BankNotOffered, "bank", detail))
        }
        _ => {
            tracing::error!(target: "kassa::calls", provider, shop = %shop.id, reason = %failed, "a payment was refused");
            Err(Fault::Provider.into())
        }
    }
}

async fn note(
    app: &AppState,
    shop: &Shop,
    attempt: &AttemptRecord,
    state: CallState,
    redirect: Option<Redirect>,
    reference: Option<String>,
) -> Result<(), Problem> {
    let called = Called {
        provider: shop.account.provider.facts().id,
        attempt: attempt.id.clone(),
        state,
        redirect,
        reference,
    };
    if let Some(token) = app.store.called(called, clock::now()).await? {
        app.changed(&token);
    }
    Ok(())
}

fn unreachable() -> Problem {
    Problem::new(Fault::ProviderUnavailable).retry_after(5)
}

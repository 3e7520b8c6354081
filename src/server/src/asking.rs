//! Asking a provider how an attempt stands, whoever wants to know.

use std::{sync::Arc, time::Duration};

use kassa_checkout::Status;

use crate::{
    clock,
    gateway::{self, Asked},
    reports,
    shop::{Account, Shop},
    state::AppState,
    store::{Payment, StoreError},
};

/// Asks, by the provider's own identifier where it wants that one.
///
/// # Errors
/// [`StoreError`] when the identifier cannot be looked up; nothing was asked.
pub(crate) async fn ask(
    app: &AppState,
    account: &Account,
    attempt: &str,
) -> Result<Asked, StoreError> {
    let facts = account.provider.facts();
    let payment = if facts.asked_by_reference {
        app.store.by_attempt(facts.id, attempt).await?
    } else {
        None
    };
    let reference = payment
        .as_ref()
        .and_then(|payment| payment.reference_of(attempt));
    Ok(gateway::ask_status(&app.calls, account, attempt, reference, clock::now()).await)
}

/// How long after a customer's return the same attempt is not asked for once more.
const ASKED_ON_RETURN: Duration = Duration::from_secs(5);

/// The customer came back: how the attempt stands is asked for at once, where that may be.
///
/// The return proves nothing, but whoever comes back wants to know, and OP's callback comes once
/// or never. A provider that is asked by its own identifier has taken the attempt on for certain;
/// ecommpay wants nothing asked of it in the first ten seconds, and its callbacks come again.
pub(crate) fn on_return(app: &AppState, shop: &Arc<Shop>, payment: &Payment) {
    let Some(latest) = &payment.latest else {
        return;
    };
    let open = matches!(payment.status(), Status::Redirected | Status::Pending);
    let account = shop.account(&latest.provider);
    let may_ask = account.is_some_and(|account| account.provider.facts().asked_by_reference);
    if !open || !may_ask {
        return;
    }
    // However often the customer comes: OP counts calls.
    let Some(asking) = app.running.enter("return", &latest.id) else {
        return;
    };
    let (app, shop, latest) = (app.clone(), Arc::clone(shop), latest.clone());
    tokio::spawn(async move {
        if let Some(account) = shop.account(&latest.provider) {
            ask_and_apply(&app, account, &latest.id).await;
        }
        tokio::time::sleep(ASKED_ON_RETURN).await;
        drop(asking);
    });
}

/// Asks now and applies the answer. What goes wrong is left to the next question, which comes
/// anyway.
pub(crate) async fn ask_and_apply(app: &AppState, account: &Account, attempt: &str) {
    let provider = account.id();
    let asked = match ask(app, account, attempt).await {
        Ok(Asked::Answer(found)) => found,
        Ok(_) => return,
        Err(error) => {
            tracing::error!(target: "kassa::callbacks", provider, %error, "a callback could not be followed by a question");
            return;
        }
    };
    for report in asked {
        if let Err(error) = reports::apply(app, provider, report, None).await {
            tracing::error!(target: "kassa::callbacks", provider, %error, "an answer was not kept");
        }
    }
}

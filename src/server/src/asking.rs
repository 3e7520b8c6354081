//! Asking a provider how an attempt stands, whoever wants to know.

use crate::{
    clock,
    gateway::{self, Asked},
    reports,
    shop::Account,
    state::AppState,
    store::StoreError,
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

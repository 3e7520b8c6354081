//! What providers report. An answer of 200 means that it is durable.

use axum::extract::{OriginalUri, State};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use kassa_checkout::RawCallback;

use super::Path;
use crate::{
    asking, clock,
    crash::{self, Point},
    gateway::{self, Heard},
    problem::{Fault, Problem},
    reports,
    state::AppState,
};

/// The largest callback, in bytes.
pub(crate) const LARGEST: usize = 256 * 1024;

/// Takes a provider's callback about one attempt, which its address names.
#[utoipa::path(
    post, path = "/callbacks/{provider}/{attempt}", tag = "providers", operation_id = "receiveNotice",
    params(
        ("provider" = String, Path, description = "The provider's name"),
        ("attempt" = String, Path, description = "The attempt, as the provider was told"),
    ),
    request_body(content = String, content_type = "application/json", description = "The provider's own form, signed in its headers"),
    responses(
        (status = 200, description = "It holds; the provider is asked how the attempt stands"),
        (status = "4XX", description = "It is refused; nothing else is told", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "To be sent again", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn receive_about(
    state: State<AppState>,
    Path(address): Path<(String, String)>,
    method: Method,
    uri: OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let (provider, _) = address;
    receive(state, Path(provider), method, uri, headers, body).await
}

/// Takes a callback that says no more than that an attempt has changed: it is answered, and then
/// the provider is asked. Should this process end in between, the next question is due anyway.
async fn heed(
    app: &AppState,
    provider: &'static str,
    attempt: &str,
    raw: &RawCallback,
) -> Result<StatusCode, Problem> {
    let payment = app.store.by_attempt(provider, attempt).await?;
    let shop = payment.and_then(|payment| app.config.shops.get(&payment.shop).cloned());
    let account = shop.as_ref().and_then(|shop| shop.account(provider));
    // Who may speak for an attempt that nobody knows is not known either.
    if !account.is_some_and(|account| gateway::heed(account, raw, clock::now())) {
        app.metrics.callback(provider, "refused");
        tracing::warn!(target: "kassa::callbacks", provider, "a callback was refused");
        return Err(Fault::Callback.into());
    }
    crash::point(Point::Heard);
    app.metrics.callback(provider, "noticed");
    let (app, attempt) = (app.clone(), attempt.to_owned());
    tokio::spawn(async move {
        if let Some(account) = shop.as_ref().and_then(|shop| shop.account(provider)) {
            asking::ask_and_apply(&app, account, &attempt).await;
        }
    });
    Ok(StatusCode::OK)
}

/// Takes a provider's callback.
#[utoipa::path(
    post, path = "/callbacks/{provider}", tag = "providers", operation_id = "receiveCallback",
    params(("provider" = String, Path, description = "The provider's name")),
    request_body(content = String, content_type = "application/json", description = "The provider's own signed form"),
    responses(
        (status = 200, description = "It is kept"),
        (status = "4XX", description = "It is refused; nothing else is told", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "To be sent again", body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn receive(
    State(app): State<AppState>,
    Path(provider): Path<String>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    if !kassa_providers::registry::all()
        .iter()
        .any(|entry| entry.facts.id == provider)
    {
        return Err(Fault::NotFound.into());
    }
    let raw = RawCallback {
        method,
        url: format!("{}{uri}", app.config.public_url),
        headers,
        body: body.into(),
    };
    let shops = &app.config.shops;
    if let Some((provider, attempt)) = gateway::claim_notice(shops, &provider, &raw) {
        return heed(&app, provider, &attempt, &raw).await;
    }
    let claim = gateway::claim(shops, &provider, &raw).ok_or(Fault::Callback)?;
    let provider = claim.provider;
    let payment = app.store.by_attempt(provider, &claim.attempt).await?;
    let hinted = payment.as_ref().map(|payment| payment.shop.as_str());
    let Heard::Verified(report) = gateway::hear(shops, &raw, claim, hinted) else {
        app.metrics.callback(provider, "refused");
        tracing::warn!(target: "kassa::callbacks", provider, "a callback was refused");
        return Err(Fault::Callback.into());
    };
    crash::point(Point::Heard);
    let outcome = reports::apply(&app, provider, report, payment).await?;
    app.metrics.callback(provider, outcome);
    Ok(StatusCode::OK)
}

//! The addresses that the server answers at.

pub(crate) mod assets;
pub(crate) mod callbacks;
pub(crate) mod checkout;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod hosted;
mod idempotency;
pub(crate) mod openapi;
pub(crate) mod refunds;
pub(crate) mod shop;
mod terms;
pub(crate) mod vetuma;

use axum::{
    Router,
    extract::{self, DefaultBodyLimit, FromRequestParts, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{
    body,
    problem::{Fault, Problem},
    security,
    shop::Shop,
    state::AppState,
    store::{Payment, StoreError},
    telemetry,
};

/// The service's router, with all its layers.
pub fn app(state: AppState) -> Router {
    Router::new()
        .merge(for_shops())
        .merge(for_customers(&state))
        .route(
            "/callbacks/{provider}",
            post(callbacks::receive).layer(DefaultBodyLimit::max(callbacks::LARGEST)),
        )
        .route(
            "/callbacks/{provider}/{attempt}",
            post(callbacks::receive_about).layer(DefaultBodyLimit::max(callbacks::LARGEST)),
        )
        .merge(for_old_software(&state))
        .route("/assets/checkout/{*file}", get(assets::checkout))
        .route("/assets/page/{file}", get(assets::page))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi::document))
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), around))
        .with_state(state)
}

/// What is around every handler, from the outside in: the line in the log, the headers of every
/// answer, an answer in time, work that nobody's hang-up ends. One layer, because each of them
/// costs a request several allocations.
async fn around(State(app): State<AppState>, request: Request, next: Next) -> Response {
    telemetry::trace(&app, request, |request| async {
        let mut response = security::in_time(request, next).await;
        security::add_headers(&app.config, response.headers_mut());
        response
    })
    .await
}

fn for_shops() -> Router<AppState> {
    Router::new()
        .route("/v1/payments", post(shop::create).get(shop::list))
        .route("/v1/payments/{id}", get(shop::read))
        .route("/v1/payments/{id}/events", get(shop::events))
        .route(
            "/v1/payments/{id}/refunds",
            post(refunds::create).get(refunds::list),
        )
        .route("/v1/events", get(events::list))
        .route("/v1/webhooks/{id}/replay", post(events::replay))
        .layer(DefaultBodyLimit::max(body::LARGEST))
}

fn for_customers(state: &AppState) -> Router<AppState> {
    let api = Router::new()
        .route(
            "/checkout/{token}/session",
            get(checkout::session).options(checkout::preflight),
        )
        .route(
            "/checkout/{token}/pay",
            post(checkout::pay).options(checkout::preflight),
        )
        .route(
            "/checkout/{token}/status",
            get(checkout::status).options(checkout::preflight),
        )
        .route(
            "/checkout/{token}/events",
            get(checkout::events).options(checkout::preflight),
        )
        .layer(from_fn_with_state(state.clone(), around_checkout));
    let pages = Router::new()
        .route("/checkout/{token}", get(hosted::page))
        .route("/checkout/{token}/choose", post(hosted::choose))
        .route("/checkout/{token}/wait", get(hosted::wait))
        .route(
            "/return/{token}",
            get(hosted::come_back).post(hosted::come_back),
        );
    let pages = pages.layer(from_fn_with_state(state.clone(), security::limit));
    api.merge(pages).layer(DefaultBodyLimit::max(body::LARGEST))
}

/// What software that was made for VETUMA calls, and the way back to it.
fn for_old_software(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/vetuma/payment", post(vetuma::pay))
        .route("/vetuma/paymentQuery", post(vetuma::query))
        .route("/vetuma/return/{token}", get(vetuma::come_back))
        .route("/vetuma/cancel/{token}", post(vetuma::leave))
        .layer(from_fn_with_state(state.clone(), security::limit))
        .layer(DefaultBodyLimit::max(body::LARGEST))
}

/// What is around the checkout API, from the outside in: how often, and whose pages may read.
async fn around_checkout(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    match security::too_often(&app, &mut request) {
        Some(refusal) => refusal.into_response(),
        None => checkout::cors(request, next).await,
    }
}

async fn nothing() -> Problem {
    Problem::new(Fault::NotFound)
}

async fn wrong_method() -> Problem {
    Problem::new(Fault::Method)
}

/// The shop whose API key a request bears.
pub(crate) struct Authorized(pub(crate) std::sync::Arc<Shop>);

impl FromRequestParts<AppState> for Authorized {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Response> {
        app.shop_of(&parts.headers)
            .map(Self)
            .ok_or_else(|| Problem::new(Fault::Unauthorized).into_response())
    }
}

/// A part of the address. What is no text is the address of nothing.
pub(crate) struct Path<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        extract::Path::from_request_parts(parts, state)
            .await
            .map(|extract::Path(part)| Self(part))
            .map_err(|_| Fault::NotFound.into())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(target: "kassa::store", %error, "an operation failed");
        match error {
            StoreError::Unavailable => Self::new(Fault::Unavailable).retry_after(1),
            _ => Self::new(Fault::Internal),
        }
    }
}

/// The payment that a token opens, and its shop.
pub(crate) async fn opened(
    app: &AppState,
    token: &str,
) -> Result<(Payment, std::sync::Arc<Shop>), Problem> {
    let payment = app.store.by_token(token).await?;
    let payment = payment.ok_or(Fault::NotFound)?;
    // A shop that was taken out of the configuration has no checkout any more.
    let shop = app.config.shops.get(&payment.shop).ok_or(Fault::NotFound)?;
    Ok((payment, shop.clone()))
}

//! The checkout API: what a customer's browser may do with a payment's token.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    extract::{Request, State},
    middleware::Next,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kassa_checkout::{
    Bank, BankId, Language, Status,
    contract::{Method, NextStep, PayRequest, PaymentStatus, Session},
    selection::OptionName,
};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::{Path, opened, vetuma};
use crate::{
    body::Strict,
    gateway,
    problem::{Fault, Problem, ProblemBody},
    routing::{self, Wish},
    security::{self, ClientAddress, From},
    shop::{Account, Shop},
    state::AppState,
    store::Payment,
    view,
};

/// How often a stream reads again by itself, for changes that another process made.
const READ_AGAIN: Duration = Duration::from_secs(10);
/// How long a stream lasts; browsers come again by themselves.
const STREAM: Duration = Duration::from_secs(15 * 60);

/// Reads all that the widget needs to begin.
#[utoipa::path(
    get, path = "/checkout/{token}/session", tag = "checkout", operation_id = "readSession",
    params(("token" = String, Path, description = "The checkout token")),
    responses(
        (status = 200, description = "The session", body = Session),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn session(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (payment, shop) = opened(&app, &token).await?;
    let session = session_of(&app, &payment, &shop, None).await;
    Ok(for_shop(Json(session), &shop))
}

/// The session of a payment; `language` is the one on screen, where one is known.
pub(crate) async fn session_of(
    app: &AppState,
    payment: &Payment,
    shop: &Shop,
    language: Option<Language>,
) -> Session {
    let selection = &payment.terms.selection;
    Session {
        payee: vetuma::payee(payment, &shop.payee),
        amount_cents: payment.lifecycle.amount().cents(),
        currency: payment.lifecycle.amount().currency(),
        reference: view::reference_print(&payment.reference),
        order: payment.order.clone(),
        description: payment.terms.description.clone(),
        language: payment.terms.language.or(language).unwrap_or_default(),
        option: OptionName::from(selection),
        choose_at: payment.terms.choose_at,
        methods: methods_for(payment, shop),
        banks: banks_for(app, payment, shop).await,
        status: status_of(payment, shop),
        expires_at: payment.expires_at,
    }
}

/// The banks to choose from: those that the providers offer now, where they say so.
async fn banks_for(app: &AppState, payment: &Payment, shop: &Shop) -> Vec<Bank> {
    if !payment.terms.shows_banks() {
        return Vec::new();
    }
    // Nothing is to be chosen any more, or not here.
    if !payment.lifecycle.can_pay() || gateway::chooses_at_provider(payment) {
        let known = shop.banks_for(&payment.terms.selection).into_iter();
        let permitted = known.filter(|bank| payment.terms.permits_bank(&bank.id));
        return permitted.cloned().collect();
    }
    let offers = routing::offers(app, shop, payment).await;
    offers.into_iter().map(|offer| offer.bank).collect()
}

/// The other methods to choose from: of those that the shop shows, what a call of VETUMA permits.
fn methods_for(payment: &Payment, shop: &Shop) -> Vec<Method> {
    let mut methods = shop.methods_for(&payment.terms.selection);
    if let Some(call) = &payment.terms.vetuma {
        methods.retain(|method| call.methods.contains(&method.code));
    }
    methods
}

/// Where a payment stands, with the name of the bank chosen last.
pub(crate) fn status_of(payment: &Payment, shop: &Shop) -> PaymentStatus {
    let bank = payment
        .latest
        .as_ref()
        .and_then(|latest| latest.bank.as_ref());
    let names = bank.and_then(|id| shop.bank(id));
    view::status(payment, names.map(|bank| bank.names.clone()))
}

/// Takes the customer's choice and tells the browser where to go.
///
/// The same choice within ten seconds is answered with the same step: a form sent twice.
#[utoipa::path(
    post, path = "/checkout/{token}/pay", tag = "checkout", operation_id = "pay",
    params(("token" = String, Path, description = "The checkout token")),
    request_body = PayRequest,
    responses(
        (status = 200, description = "What the browser does next", body = NextStep),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn pay(
    State(app): State<AppState>,
    Path(token): Path<String>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Strict(request): Strict<PayRequest>,
) -> Result<Response, Problem> {
    let (payment, shop) = opened(&app, &token).await?;
    let embedded = match security::sender(&app.config, &headers) {
        From::Here => false,
        From::Origin(origin) if shop.permits_origin(origin) => true,
        From::Origin(_) => return Err(Fault::Origin.into()),
    };
    let step = begin(&app, &payment, &shop, request, embedded, address).await?;
    Ok(for_shop(Json(step), &shop))
}

/// Begins an attempt with the customer's choice.
pub(crate) async fn begin(
    app: &AppState,
    payment: &Payment,
    shop: &Shop,
    request: PayRequest,
    embedded: bool,
    address: Option<IpAddr>,
) -> Result<NextStep, Problem> {
    let accounts = accounts_for(app, payment, shop, &request).await?;
    // Software that was answered believes the answer.
    if vetuma::answered(app, payment).await?.is_some() {
        return Err(Fault::CannotPay.into());
    }
    let language = request.language.or(payment.terms.language);
    let wish = Wish {
        bank: request.bank,
        method: request.method,
        language: language.unwrap_or_default(),
        embedded,
        address,
    };
    routing::begin(app, shop, payment, &accounts, &wish).await
}

/// The accounts that a choice may go to, the preferred one first.
async fn accounts_for<'a>(
    app: &AppState,
    payment: &Payment,
    shop: &'a Shop,
    request: &PayRequest,
) -> Result<Vec<&'a Account>, Problem> {
    let refuse = |field: &str, detail: &str| Err(Problem::field(Fault::Choice, field, detail));
    let all = || Ok(shop.accounts.iter().collect());
    let at_provider = gateway::chooses_at_provider(payment);
    match (&request.bank, &request.method) {
        (Some(_), Some(_)) => refuse("method", "expected a bank or a method, not both"),
        (None, None) if at_provider => all(),
        (None, None) => refuse("bank", "expected a bank or a method"),
        (Some(_), None) if at_provider => refuse("bank", "the choice is made at the provider"),
        (None, Some(_)) if at_provider => refuse("method", "the choice is made at the provider"),
        (Some(bank), None) => takers_of(app, payment, shop, bank).await,
        (None, Some(code)) => {
            let methods = methods_for(payment, shop);
            if methods.iter().any(|method| method.code == *code) {
                all()
            } else {
                refuse("method", "this method is not offered")
            }
        }
    }
}

async fn takers_of<'a>(
    app: &AppState,
    payment: &Payment,
    shop: &'a Shop,
    bank: &BankId,
) -> Result<Vec<&'a Account>, Problem> {
    let terms = &payment.terms;
    let offers = routing::offers(app, shop, payment).await;
    match offers.into_iter().find(|offer| offer.bank.id == *bank) {
        // On offer at other times, and not on the provider's list now.
        None if shop.bank(bank).is_some() && terms.permits_bank(bank) => {
            Err(Fault::BankUnavailable.into())
        }
        None => Err(Problem::field(
            Fault::Choice,
            "bank",
            "this bank is not offered",
        )),
        Some(offer) if offer.bank.unavailable.is_some() => Err(Fault::BankUnavailable.into()),
        Some(offer) => Ok(offer.takers),
    }
}

/// Reads where the payment stands.
#[utoipa::path(
    get, path = "/checkout/{token}/status", tag = "checkout", operation_id = "readStatus",
    params(("token" = String, Path, description = "The checkout token")),
    responses(
        (status = 200, description = "The status", body = PaymentStatus),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn status(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (payment, shop) = opened(&app, &token).await?;
    Ok(for_shop(Json(status_of(&payment, &shop)), &shop))
}

/// A message of the stream of a payment's status.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "for the document alone: the stream is written as text"
)]
pub(crate) struct StatusEvent {
    /// The payment's version.
    id: String,
    /// A `PaymentStatus` as JSON.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// Follows where the payment stands: a message at once and on every change, each a status as
/// JSON with the version as its id. Ends when the payment is settled; a browser that comes again
/// knowing the settled version is answered 204, which stops it.
#[utoipa::path(
    get, path = "/checkout/{token}/events", tag = "checkout", operation_id = "followStatus",
    params(
        ("token" = String, Path, description = "The checkout token"),
        ("Last-Event-ID" = Option<String>, Header, description = "The version known already"),
    ),
    responses(
        (status = 200, description = "Server-sent events, each one a status", body = StatusEvent, content_type = "text/event-stream"),
        (status = 204, description = "Nothing more will come"),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn events(
    State(app): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Watching begins before reading, so that no change falls between the two.
    let changes = app.watchers.watch(&token);
    let (payment, shop) = opened(&app, &token).await?;
    let known = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .and_then(|id| id.parse::<u64>().ok());
    if is_settled(&payment) && known.is_some_and(|known| known >= payment.version) {
        return Ok(for_shop(StatusCode::NO_CONTENT, &shop));
    }
    let follower = Follower {
        stopping: app.stopping(),
        changes,
        app,
        token,
        sent: None,
        until: tokio::time::Instant::now() + STREAM,
    };
    let mut response = for_shop(
        Sse::new(follower.stream()).keep_alive(KeepAlive::new().interval(READ_AGAIN)),
        &shop,
    );
    // Proxies that gather answers would hold the messages back.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// Whether nothing that a waiting customer would wait for can come any more.
fn is_settled(payment: &Payment) -> bool {
    payment.lifecycle.refunding_cents() == 0
        && matches!(
            payment.status(),
            Status::Paid
                | Status::Expired
                | Status::PartiallyRefunded
                | Status::Refunded
                | Status::Reversed
        )
}

struct Follower {
    app: AppState,
    token: String,
    changes: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    /// The version sent last, and whether anything can come after it.
    sent: Option<(u64, bool)>,
    until: tokio::time::Instant,
}

impl Follower {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut follower| async move {
            let event = follower.next().await?;
            Some((Ok(event), follower))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((_, settled)) = self.sent {
                if settled {
                    return None;
                }
                self.wait().await?;
            }
            let (payment, shop) = match opened(&self.app, &self.token).await {
                Ok(opened) => opened,
                // The browser comes again when the stream ends.
                Err(_) => return None,
            };
            if self
                .sent
                .is_none_or(|(version, _)| version < payment.version)
            {
                self.sent = Some((payment.version, is_settled(&payment)));
                return Event::default()
                    .id(payment.version.to_string())
                    .json_data(status_of(&payment, &shop))
                    .ok();
            }
        }
    }

    /// Until something may have changed; `None` when the stream is to end.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            changed = self.changes.changed() => changed.ok(),
            () = tokio::time::sleep(READ_AGAIN) => Some(()),
            () = tokio::time::sleep_until(self.until) => None,
            _ = self.stopping.wait_for(|stopping| *stopping) => None,
        }
    }
}

/// An answer that pages of this shop may read; see [`cors`].
fn for_shop(answer: impl IntoResponse, shop: &Arc<Shop>) -> Response {
    let mut response = answer.into_response();
    response
        .extensions_mut()
        .insert(ReadableBy(Arc::clone(shop)));
    response
}

/// The shop whose pages may read an answer.
#[derive(Clone)]
struct ReadableBy(Arc<Shop>);

/// Cross-origin requests: for the pages of the payment's own shop, and nobody else's.
pub(crate) async fn cors(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    let readable_by = response.extensions_mut().remove::<ReadableBy>();
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let (Some(origin), Some(ReadableBy(shop))) = (origin, readable_by)
        && shop
            .origins
            .iter()
            .any(|permitted| origin == permitted.as_str())
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("cross-origin"),
        );
    }
    response
}

/// Answers a browser that asks whether a page may ask.
pub(crate) async fn preflight(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (_, shop) = opened(&app, &token).await?;
    let permitted = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "content-type, last-event-id",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    Ok(for_shop((StatusCode::NO_CONTENT, permitted), &shop))
}

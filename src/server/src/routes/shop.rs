//! The shop API: payments made, read and listed by a shop's own server.

use std::collections::BTreeMap;

use axum::{Json, extract::State, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderMap;
use kassa_checkout::{BankId, Language, Lifecycle, Status, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Authorized, Path, idempotency,
    terms::{Agreed, CreatePayment},
};
use crate::{
    body::Strict,
    clock,
    crash::{self, Point},
    gateway,
    problem::{Fault, Problem, ProblemBody},
    routing,
    shop::{Account, Shop},
    state::{App, AppState},
    store::{
        AttemptRecord, Created, EventRecord, Filter, Idempotency, NewPayment, NewReference,
        Payment, References, series_reference,
    },
    tokens,
    tried::Wish,
    view::PaymentView,
};

/// How many payments a page of a list holds when the shop does not say.
const PAGE: u32 = 20;
/// How many it holds at most.
const LARGEST_PAGE: u32 = 100;

/// Creates a payment.
///
/// With an `Idempotency-Key` the same request is answered the same for as long as the payment is
/// kept (promised: 24 hours), also after a lost connection.
#[utoipa::path(
    post, path = "/v1/payments", tag = "shop", operation_id = "createPayment",
    request_body = CreatePayment,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters without spaces, new for every payment", pattern = "^[!-~]{1,255}$")),
    security(("api_key" = [])),
    responses(
        (status = 201, description = "The payment", body = PaymentView),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    headers: HeaderMap,
    Strict(request): Strict<CreatePayment>,
) -> Result<Response, Problem> {
    let idempotency = idempotency::read(&headers, &request)?;
    let _running = idempotency::enter(&app, &shop, idempotency.as_ref())?;
    let now = clock::now();
    let agreed = request.agree(&shop, now);
    let new = match agreed.and_then(|agreed| new_payment(&app, &shop, agreed, now)) {
        Ok(new) => new,
        Err(problem) => return answered_before(&app, &shop, idempotency, problem).await,
    };
    let (answer, repeated) = match app.store.create(new, idempotency).await? {
        Created::New(answer) => {
            crash::point(Point::Created);
            app.metrics.created();
            (answer, false)
        }
        Created::Before(answer) => (answer, true),
        Created::KeyReused => return Err(Fault::KeyReused.into()),
    };
    Ok(idempotency::answer(answer, repeated))
}

/// What was once agreed is answered again, also when it would be refused today.
async fn answered_before(
    app: &AppState,
    shop: &Shop,
    idempotency: Option<Idempotency>,
    problem: Problem,
) -> Result<Response, Problem> {
    let Some(asked) = idempotency else {
        return Err(problem);
    };
    match app.store.answered(&shop.id, &asked.key).await? {
        Some(before) if before.fingerprint == asked.fingerprint => {
            Ok(idempotency::answer(before.answer, true))
        }
        _ => Err(problem),
    }
}

fn new_payment(
    app: &AppState,
    shop: &Shop,
    agreed: Agreed,
    now: Timestamp,
) -> Result<NewPayment, Problem> {
    let no_randomness = |_| Problem::new(Fault::Internal);
    let id = tokens::payment_id(now).map_err(no_randomness)?;
    let token = tokens::checkout_token(now).map_err(no_randomness)?;
    try_out(app, shop, &agreed, (&id, &token), now)?;
    let public_url = app.config.public_url.clone();
    Ok(NewPayment {
        id,
        token,
        shop: shop.id.clone(),
        order: agreed.order,
        reference: agreed.reference,
        amount: agreed.amount,
        terms: agreed.terms,
        now,
        expires_at: agreed.expires_at,
        answer: Box::new(move |payment| {
            serde_json::to_string(&PaymentView::with_token(payment, &public_url))
                .unwrap_or_default()
        }),
    })
}

/// Makes the message of each account that the payment may go to, once for nothing, so that the
/// shop and not its customer is told of a field that a provider would refuse. Not where others
/// just like it were taken before.
pub(super) fn try_out(
    app: &App,
    shop: &Shop,
    agreed: &Agreed,
    (id, token): (&str, &str),
    now: Timestamp,
) -> Result<(), Problem> {
    let reference = match &agreed.reference {
        NewReference::Given(reference) => reference.clone(),
        // As long as an allotted one will be, and as right: OP looks at its check digit.
        NewReference::Allotted { prefix } => series_reference(prefix, 1)?,
    };
    let times = (now, agreed.expires_at);
    let wish = Wish::of(&shop.id, &agreed.terms, &reference, agreed.amount, times);
    if wish.as_ref().is_some_and(|wish| app.tried.takes(wish)) {
        return Ok(());
    }
    let payment = Payment {
        id: id.to_owned(),
        shop: shop.id.clone(),
        token: token.to_owned(),
        order: agreed.order.clone(),
        reference,
        terms: agreed.terms.clone(),
        lifecycle: Lifecycle::new(agreed.amount),
        latest: None,
        version: 1,
        events: 0,
        created_at: now,
        changed_at: now,
        expires_at: agreed.expires_at,
    };
    for (account, bank) in routing::led_to(shop, &agreed.terms) {
        let attempt = first_attempt(&payment, account, bank);
        let customer_ip = Some([192, 0, 2, 1].into());
        let public_url = &app.config.public_url;
        gateway::begin(shop, account, &payment, &attempt, public_url, customer_ip)
            .map_err(|error| Problem::refused_by_provider(&error))?;
    }
    if let Some(wish) = &wish {
        app.tried.took(wish);
    }
    Ok(())
}

/// The attempt that would be a payment's first one.
fn first_attempt(payment: &Payment, account: &Account, bank: Option<BankId>) -> AttemptRecord {
    AttemptRecord {
        id: format!("{}-1", payment.id),
        number: 1,
        provider: account.id().to_owned(),
        bank,
        method: None,
        language: payment.terms.language.unwrap_or(Language::Fi),
        embedded: false,
        at: payment.created_at,
        call: None,
        redirect: None,
        before: BTreeMap::new(),
        references: References::default(),
    }
}

/// Reads a payment.
#[utoipa::path(
    get, path = "/v1/payments/{id}", tag = "shop", operation_id = "readPayment",
    params(("id" = String, Path, description = "The payment's identifier")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The payment", body = PaymentView),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    Path(id): Path<String>,
) -> Result<Json<PaymentView>, Problem> {
    let payment = app.store.payment(&shop.id, &id).await?;
    let payment = payment.ok_or(Fault::NotFound)?;
    Ok(Json(PaymentView::with_token(
        &payment,
        &app.config.public_url,
    )))
}

/// What a shop asks a list for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only with this status.
    status: Option<Status>,
    /// Only with this order number.
    order: Option<String>,
    /// Only with this reference, national or RF.
    reference: Option<String>,
    /// Only created at this time or later: RFC 3339, or a date, which begins at midnight in
    /// Helsinki.
    from: Option<String>,
    /// Only created before this time; a date is not itself included.
    to: Option<String>,
    /// Where the last page ended: its `next`.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 without it.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A page of payments.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentList {
    /// The payments, newest first.
    data: Vec<PaymentView>,
    /// The cursor of the next page; `null` on the last one.
    next: Option<String>,
}

/// Lists payments, newest first.
#[utoipa::path(
    get, path = "/v1/payments", tag = "shop", operation_id = "listPayments",
    params(ListQuery),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "A page of payments", body = PaymentList),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    uri: http::Uri,
) -> Result<Json<PaymentList>, Problem> {
    let query = axum::extract::Query::<ListQuery>::try_from_uri(&uri)
        .map_err(|_| {
            Problem::new(Fault::Query).detail(
                "expected status, order, reference, from, to, cursor and limit, each at most once",
            )
        })?
        .0;
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::field(Fault::Query, "limit", "expected 1 to 100"));
    }
    let filter = Filter {
        id: None,
        shop: Some(shop.id.clone()),
        status: query.status,
        order: query.order,
        reference: query.reference.as_deref().map(machine).transpose()?,
        from: time("from", query.from.as_deref())?,
        to: time("to", query.to.as_deref())?,
        after: query.cursor.as_deref().map(read_cursor).transpose()?,
        // One more than is shown, to know whether there is another page.
        limit: limit.saturating_add(1),
    };
    let mut payments = app.store.list(filter).await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = payments.len() > shown;
    payments.truncate(shown);
    Ok(Json(PaymentList {
        next: payments.last().filter(|_| more).map(write_cursor),
        data: payments.iter().map(PaymentView::of).collect(),
    }))
}

fn machine(text: &str) -> Result<String, Problem> {
    viite::Reference::parse(text)
        .map(|reference| reference.to_machine().to_owned())
        .map_err(|error| Problem::with_code(error.code(), "reference", error.to_string()))
}

fn time(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| {
        clock::parse(text).ok_or_else(|| {
            let detail = "expected 2026-11-21 or 2026-11-21T08:00:00Z";
            Problem::field(Fault::Query, field, detail)
        })
    })
    .transpose()
}

fn write_cursor(payment: &Payment) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {}", payment.created_at.millis(), payment.id))
}

fn read_cursor(text: &str) -> Result<(Timestamp, String), Problem> {
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    let plain = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    plain
        .as_deref()
        .and_then(|plain| plain.split_once(' '))
        .and_then(|(millis, id)| {
            Some((Timestamp::from_millis(millis.parse().ok()?), id.to_owned()))
        })
        .ok_or_else(|| Problem::field(Fault::Cursor, "cursor", "expected the `next` of a page"))
}

/// What happened to a payment.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventList {
    /// The events, oldest first.
    data: Vec<EventView>,
}

/// Something that happened: who, when, what.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
struct EventView {
    /// Its number within the payment, from 1.
    seq: u64,
    /// When it was written down.
    at: String,
    /// Who: `shop:…`, `customer`, `provider:…`, `kassa`.
    who: String,
    /// What: `payment.created`, `attempt.started`, `attempt.taken`, `attempt.refused`,
    /// `provider.reported`, `status.changed`, `payment.flagged`, `offer.ended`, `vetuma.called`,
    /// `vetuma.refused`, `vetuma.answered`.
    kind: String,
    /// The particulars; their shape depends on the kind.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

impl From<EventRecord> for EventView {
    fn from(event: EventRecord) -> Self {
        Self {
            seq: event.seq,
            at: clock::rfc3339(event.at),
            who: event.who,
            kind: event.kind,
            detail: event.detail,
        }
    }
}

/// Reads all that happened to a payment, oldest first.
#[utoipa::path(
    get, path = "/v1/payments/{id}/events", tag = "shop", operation_id = "readPaymentEvents",
    params(("id" = String, Path, description = "The payment's identifier")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The events", body = EventList),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn events(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    Path(id): Path<String>,
) -> Result<Json<EventList>, Problem> {
    let events = app.store.events(&shop.id, &id).await?;
    let events = events.ok_or(Fault::NotFound)?;
    Ok(Json(EventList {
        data: events.into_iter().map(EventView::from).collect(),
    }))
}

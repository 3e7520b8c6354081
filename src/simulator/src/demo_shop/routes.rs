//! The shop's own small API, the form for browsers without JavaScript, and Kassa's webhooks.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router, middleware};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{CallError, ChooseAt, Customer, NewPayment, Selection};
use super::journal::{Entry, Kind, Outcome};
use super::orders::{Order, Provider};
use super::{Shop, catalogue, pages, webhooks};

type App = State<Arc<Shop>>;

pub(super) fn router(shop: Arc<Shop>) -> Router {
    let headers = pages::headers(&shop.config);
    Router::new()
        .route("/", get(|| async { pages::file("index.html") }))
        .route(
            "/{*path}",
            get(|Path(path): Path<String>| async move { pages::file(&path) }),
        )
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/data.js", get(data))
        .route("/api/orders", post(order_by_script))
        .route("/api/orders/{key}", get(show_order))
        .route("/api/orders/{key}/events", get(payment_events))
        .route("/api/journal", get(show_journal))
        .route("/checkout", post(order_by_form))
        .route("/webhooks", post(webhook))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(middleware::map_response(move |response: Response| {
            let headers = headers.clone();
            async move { (headers, response).into_response() }
        }))
        .with_state(shop)
}

/// What the pages' scripts know from the start, as a module that they import. Each fetching its own
/// would have them wait at their top level, and WebKit may run a module before one that it imports
/// has done waiting (WebKit's bug 242740).
async fn data(State(shop): App) -> Response {
    pages::script(&[
        ("kassa", &json!(shop.config.public_kassa).to_string()),
        ("catalogue", catalogue::JSON),
        ("texts", pages::TEXTS),
    ])
}

#[derive(Deserialize)]
struct Basket {
    items: HashMap<String, u32>,
    language: Option<Language>,
    customer: Option<Customer>,
    #[serde(default)]
    selection: Selection,
    #[serde(default)]
    choose_at: ChooseAt,
    #[serde(default)]
    provider: Provider,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Language {
    Fi,
    Sv,
    En,
}

impl Language {
    /// The code, and the word for an order in a payment's description.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Fi => ("fi", "Tilaus"),
            Self::Sv => ("sv", "Beställning"),
            Self::En => ("en", "Order"),
        }
    }
}

/// The checkout page orders: the answer holds the token for `<kassa-checkout>`.
async fn order_by_script(
    State(shop): App,
    basket: Result<Json<Basket>, JsonRejection>,
) -> Response {
    let Ok(Json(basket)) = basket else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match place(&shop, basket).await {
        Ok(order) => (StatusCode::CREATED, Json(view(&order))).into_response(),
        Err(status) => status.into_response(),
    }
}

/// A browser without JavaScript orders: it goes on to Kassa's own page.
async fn order_by_form(State(shop): App, Form(fields): Form<HashMap<String, String>>) -> Response {
    let text = |name: &str| {
        fields
            .get(name)
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    };
    let items = shop
        .catalogue
        .products
        .iter()
        .map(|product| (product.id.clone(), text(&product.id)));
    let items = items.filter(|(_, quantity)| !quantity.is_empty());
    // What is not a number is more than fits, and the order is refused below.
    let items = items
        .map(|(id, quantity)| (id, quantity.parse().unwrap_or(u32::MAX)))
        .collect();
    let customer = Customer {
        id: String::new(),
        first_name: text("first_name"),
        last_name: text("last_name"),
        email: text("email"),
    };
    let named = [&customer.first_name, &customer.last_name, &customer.email]
        .iter()
        .all(|part| !part.is_empty());
    let basket = Basket {
        items,
        // Kassa's page speaks the browser's language when none is given.
        language: None,
        customer: named.then_some(customer),
        selection: Selection::default(),
        choose_at: ChooseAt::default(),
        provider: Provider::default(),
    };
    match place(&shop, basket).await.map(|order| order.payment) {
        Ok(Some(payment)) => Redirect::to(&payment.checkout_url).into_response(),
        Ok(None) => pages::sorry(StatusCode::BAD_GATEWAY),
        Err(status) => pages::sorry(status),
    }
}

/// Takes an order in and makes its payment.
async fn place(shop: &Shop, basket: Basket) -> Result<Order, StatusCode> {
    let quantity = |id: &str| basket.items.get(id).copied().unwrap_or(0);
    let bill = shop
        .catalogue
        .bill(quantity)
        .ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    let mut order = shop.orders().add(bill, basket.provider);
    let (_, word) = basket.language.unwrap_or(Language::Fi).words();
    let new = NewPayment {
        order: order.number.to_string(),
        amount: order.bill.total,
        language: basket.language.map(|language| language.words().0),
        description: format!("{word} {}", order.number),
        customer: basket.customer.map(|customer| Customer {
            id: format!("guest-{}", order.number),
            ..customer
        }),
        selection: basket.selection,
        choose_at: basket.choose_at,
        return_url: format!("{}/thanks.html?order={}", shop.config.shop, order.key),
    };
    // The order's key as idempotency key: however often this is tried, the order has one payment.
    let kassa = shop.kassa(order.provider);
    let answer = kassa.create_payment(&new, &order.key).await;
    note_call(
        shop,
        &order,
        "POST /v1/payments",
        &answer,
        json!({ "sent": new, "answer": answer.as_ref().ok() }),
    );
    let payment = answer.map_err(|_| StatusCode::BAD_GATEWAY)?;
    shop.orders().set_payment(&order.key, payment.clone());
    order.payment = Some(payment);
    Ok(order)
}

/// The thank-you page asks. The customer's return proves nothing, so while the payment is open, Kassa is asked.
async fn show_order(State(shop): App, Path(key): Path<String>) -> Response {
    let Some(order) = shop.orders().get(&key).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let status = order
        .payment
        .as_ref()
        .map(|payment| payment.status.clone())
        .unwrap_or_default();
    if status != "paid" {
        // Kassa out of reach for a moment is no reason to show no order.
        let _ = refresh(&shop, &order).await;
    }
    let order = shop.orders().get(&key).cloned().unwrap_or(order);
    Json(view(&order)).into_response()
}

async fn payment_events(State(shop): App, Path(key): Path<String>) -> Response {
    let found = shop.orders().get(&key).and_then(|order| {
        let payment = order.payment.as_ref()?;
        Some((order.provider, payment.id.clone()))
    });
    let Some((provider, id)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match shop.kassa(provider).events(&id).await {
        Ok(events) => Json(events).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    orders: String,
}

async fn show_journal(State(shop): App, Query(query): Query<After>) -> Json<Value> {
    let keys: Vec<&str> = query.orders.split(',').collect();
    let journal = shop.journal();
    let entries: Vec<&Entry> = journal.after(query.after, &keys).collect();
    Json(json!({ "entries": entries }))
}

/// Kassa says that something happened.
///
/// Webhooks may come twice and in any order, so one is only a reason to ask where the payment
/// stands now; and it counts as handled when that is known, so a failure here is sent again.
async fn webhook(State(shop): App, headers: HeaderMap, body: Bytes) -> StatusCode {
    let now = (shop.config.now)();
    let id = match webhooks::verify(&shop.config.webhook_secret, &headers, &body, now) {
        Ok(id) => id,
        Err(why) => {
            note(
                &shop,
                Kind::Webhook,
                Outcome::Refused,
                "webhook",
                None,
                json!({ "why": why.to_string() }),
            );
            return StatusCode::BAD_REQUEST;
        }
    };
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let word = |pointer| message.pointer(pointer).and_then(Value::as_str);
    let title = [word("/type"), word("/data/status")].into_iter().flatten();
    let title = title.collect::<Vec<_>>().join(" · ");
    let payment = message
        .pointer("/data/id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let order = shop.orders().of_payment(payment).cloned();
    let detail = json!({ "webhook-id": id, "body": message });
    if shop.handled().contains(id) {
        note(
            &shop,
            Kind::Webhook,
            Outcome::Repeated,
            &title,
            order.as_ref(),
            detail,
        );
        return StatusCode::NO_CONTENT;
    }
    if let Some(order) = &order
        && refresh(&shop, order).await.is_err()
    {
        note(
            &shop,
            Kind::Webhook,
            Outcome::Failed,
            &title,
            Some(order),
            detail,
        );
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    shop.handled().insert(id);
    note(
        &shop,
        Kind::Webhook,
        Outcome::Good,
        &title,
        order.as_ref(),
        detail,
    );
    StatusCode::NO_CONTENT
}

/// Asks Kassa where the payment stands, and notes it.
async fn refresh(shop: &Shop, order: &Order) -> Result<(), CallError> {
    let Some(payment) = &order.payment else {
        return Ok(());
    };
    let answer = shop.kassa(order.provider).payment(&payment.id).await;
    let changed = !matches!(&answer, Ok(now) if now.status == payment.status);
    if changed {
        let detail = json!({ "status": answer.as_ref().map(|now| now.status.as_str()).ok() });
        note_call(
            shop,
            order,
            &format!("GET /v1/payments/{}", payment.id),
            &answer,
            detail,
        );
    }
    shop.orders().set_status(&order.key, answer?.status);
    Ok(())
}

fn note_call<T>(
    shop: &Shop,
    order: &Order,
    title: &str,
    answer: &Result<T, CallError>,
    detail: Value,
) {
    let (outcome, detail) = match answer {
        Ok(_) => (Outcome::Good, detail),
        Err(why) => {
            let detail = json!({ "why": why.to_string(), "call": detail });
            (Outcome::Failed, detail)
        }
    };
    note(shop, Kind::Call, outcome, title, Some(order), detail);
}

fn note(
    shop: &Shop,
    kind: Kind,
    outcome: Outcome,
    title: &str,
    order: Option<&Order>,
    detail: Value,
) {
    shop.journal().add(Entry {
        seq: 0,
        at: (shop.config.now)(),
        kind,
        outcome,
        title: title.to_owned(),
        order: order.map(|order| order.number.to_string()),
        detail,
        key: order.map(|order| order.key.clone()),
    });
}

/// What the order's own customer may see.
fn view(order: &Order) -> Value {
    let payment = order.payment.as_ref();
    json!({
        "key": order.key,
        "number": order.number.to_string(),
        "bill": order.bill,
        "payment": payment.map(|payment| json!({
            "token": payment.token,
            "checkout_url": payment.checkout_url,
            "status": payment.status,
            "reference": payment.reference_print,
        })),
    })
}

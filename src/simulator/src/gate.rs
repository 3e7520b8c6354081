//! ecommpay's Gate: a sale with a bank, how a payment stands, and which banks there are.
//!
//! That an error answer is signed, and where, is an assumption: the documentation shows none.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State as Extract};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::Config;
use crate::bank::{self, BANKS, Bank};
use crate::callbacks::{customer_part, operation_part, payment_part, request_id};
use crate::faults::Gate;
use crate::json::{Escapes, Node};
use crate::options::Choice;
use crate::params::{self, PageRequest};
use crate::rules::Rule;
use crate::sender::Shared;
use crate::signature::{signed, string_to_sign};
use crate::state::{Operation, Payment};
use crate::texts::Lang;

/// How long an answer takes that never comes.
const HANGS: Duration = Duration::from_secs(60);
/// A request is at most so long, in bytes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The routes of Gate.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v2/payment/banks/finland/sale", post(sale))
        .route("/v2/payment/status", post(status))
        .route("/v2/info/banks/finland/sale/list", post(banks))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
}

/// Why Gate refuses: HTTP status, ecommpay's code, message.
struct Refusal(StatusCode, &'static str, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        let body = Node::object([
            ("status", Node::text("error")),
            ("code", Node::text(code)),
            ("message", Node::text(message)),
        ]);
        json(status, &body)
    }
}

/// `POST /v2/payment/banks/finland/sale`: taken, refused, or whatever the faults want.
async fn sale(
    Extract(shared): Extract<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request = verified(&shared.config, &body)?;
    let (order, bank) = order(&request)?;
    let payment_id = order.payment_id.clone();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let base = format!("http://{}", host.unwrap_or("127.0.0.1"));
    let fault = shared.state().faults.gate;
    let answer = |http, said: &[(&str, &str)]| {
        let mut unsigned = Node::object([
            ("request_id", Node::Text(request_id(order.amount))),
            ("project_id", Node::int(shared.config.project_id)),
            ("payment_id", Node::text(&payment_id)),
        ]);
        for (name, value) in said {
            unsigned.set(&[name], Node::text(*value));
        }
        json(http, &signed(unsigned, &shared.config.secret))
    };
    let refused = |http, code| answer(http, &[("status", "error"), ("code", code)]);
    match fault {
        Gate::Refuse => return Ok(refused(StatusCode::FORBIDDEN, "303")),
        Gate::RefuseBank => return Ok(refused(StatusCode::BAD_REQUEST, "2801")),
        Gate::RefuseAmount => return Ok(refused(StatusCode::BAD_REQUEST, "2642")),
        Gate::Error => return Ok(refused(StatusCode::INTERNAL_SERVER_ERROR, "501")),
        Gate::Hang => {
            tokio::time::sleep(HANGS).await;
            return Ok(refused(StatusCode::INTERNAL_SERVER_ERROR, "501"));
        }
        Gate::Works
        | Gate::HangTaken
        | Gate::ErrorTaken
        | Gate::Garbage
        | Gate::CallbackFirst
        | Gate::RefuseTaken => {}
    }
    {
        let now_ms = shared.clock.now_ms();
        let mut state = shared.state();
        if state.by_payment_id(&payment_id).is_some() {
            return Ok(refused(StatusCode::BAD_REQUEST, "3041"));
        }
        if let Ok((key, _)) = state.open(order.clone(), now_ms) {
            state.begin_sale(&key, bank, &base, now_ms);
        }
    }
    shared.wake();
    if matches!(fault, Gate::CallbackFirst | Gate::RefuseTaken) {
        shared.flush(HANGS).await;
    }
    match fault {
        Gate::RefuseTaken => Ok(refused(StatusCode::FORBIDDEN, "303")),
        Gate::HangTaken => {
            tokio::time::sleep(HANGS).await;
            Ok(StatusCode::GATEWAY_TIMEOUT.into_response())
        }
        Gate::ErrorTaken => Ok(refused(StatusCode::INTERNAL_SERVER_ERROR, "501")),
        Gate::Garbage => Ok("<html>not the answer</html>".into_response()),
        _ => Ok(answer(StatusCode::OK, &[("status", "success")])),
    }
}

/// What a sale asks for, checked as the documentation has it.
fn order(request: &Node) -> Result<(PageRequest, &'static Bank), Refusal> {
    let bad = |code, message| Refusal(StatusCode::BAD_REQUEST, code, message);
    let at = |object: &str, key: &str| request.get(object).and_then(|object| object.get(key));
    let text = |object: &str, key: &str| match at(object, key) {
        Some(Node::Text(text)) if (1..=255).contains(&text.chars().count()) => Some(text.clone()),
        _ => None,
    };
    let number = |object: &str, key: &str| match at(object, key) {
        Some(Node::Number(digits)) => digits.parse::<u64>().ok().filter(|number| *number > 0),
        _ => None,
    };
    let url = |key: &str| text("return_url", key).filter(|url| Rule::Url.check(url).is_ok());
    let payment_id = text("general", "payment_id");
    let payment_id = payment_id.ok_or(bad("2004", "general.payment_id is missing"))?;
    let amount = number("payment", "amount");
    let amount = amount.ok_or(bad("2004", "payment.amount is no positive integer"))?;
    if text("payment", "currency").as_deref() != Some("EUR") {
        return Err(bad("3121", "payment.currency is not EUR"));
    }
    let customer_id = text("customer", "id").ok_or(bad("2154", "customer.id is missing"))?;
    let address = text("customer", "ip_address").and_then(|text| text.parse::<IpAddr>().ok());
    address.ok_or(bad("2004", "customer.ip_address is no address"))?;
    let id = number("account", "bank_id").ok_or(bad("3244", "account.bank_id is missing"))?;
    let bank = u32::try_from(id).ok().and_then(bank::by_id);
    let bank = bank.ok_or(bad("2801", "account.bank_id is unknown"))?;
    let missing = bad("2004", "return_url needs success, decline and return");
    let (Some(success), Some(decline), Some(back)) =
        (url("success"), url("decline"), url("return"))
    else {
        return Err(missing);
    };
    let callback_url = text("general", "merchant_callback_url");
    if callback_url
        .as_deref()
        .is_some_and(|url| !params::is_loopback(url))
    {
        return Err(bad("2004", "callbacks go to this machine only"));
    }
    let order = PageRequest {
        signature: payment_id.clone(),
        payment_id,
        amount,
        customer_id,
        description: text("payment", "description").unwrap_or_default(),
        lang: Lang::Fi,
        choice: Choice::OneBank(bank.id),
        callback_url,
        success_url: Some(success),
        fail_url: Some(decline),
        return_url: Some(back),
        parameters: Vec::new(),
    };
    Ok((order, bank))
}

/// `POST /v2/payment/status`: the payment as it stands and all its operations, signed.
async fn status(Extract(shared): Extract<Arc<Shared>>, body: Bytes) -> Result<Response, Refusal> {
    let request = verified(&shared.config, &body)?;
    let payment_id = match request
        .get("general")
        .and_then(|general| general.get("payment_id"))
    {
        Some(Node::Text(payment_id)) => payment_id,
        _ => {
            return Err(Refusal(
                StatusCode::BAD_REQUEST,
                "2004",
                "general.payment_id is missing",
            ));
        }
    };
    let state = shared.state();
    // As long as the customer has chosen no bank, the platform knows of no payment.
    let payment = state
        .by_payment_id(payment_id)
        .map(|(_, payment)| payment)
        .filter(|payment| payment.sale.is_some());
    let Some(payment) = payment else {
        return Err(Refusal(
            StatusCode::BAD_REQUEST,
            "3061",
            "payment not found",
        ));
    };
    let operations = operations(payment);
    let parts = operations
        .iter()
        .map(|operation| operation_part(payment, operation));
    let latest_id = operations.last().map_or(0, |operation| operation.id);
    let answer = Node::object([
        ("status", Node::text("success")),
        ("request_id", Node::Text(request_id(latest_id))),
        ("project_id", Node::int(shared.config.project_id)),
        (
            "payment",
            payment_part(payment, payment.status, payment.changed_ms),
        ),
        ("customer", customer_part(payment)),
        ("operations", Node::List(parts.collect())),
    ]);
    Ok(json(StatusCode::OK, &signed(answer, &shared.config.secret)))
}

/// `POST /v2/info/banks/finland/sale/list`: a bare list without a signature.
async fn banks(Extract(shared): Extract<Arc<Shared>>, body: Bytes) -> Result<Response, Refusal> {
    verified(&shared.config, &body)?;
    if shared.state().faults.no_banks {
        return Err(Refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "501",
            "internal error",
        ));
    }
    Ok(json(
        StatusCode::OK,
        &Node::List(BANKS.iter().map(bank).collect()),
    ))
}

/// The document, when `general.signature` is right and the project is ours.
fn verified(config: &Config, body: &[u8]) -> Result<Node, Refusal> {
    let text = std::str::from_utf8(body).ok();
    let document = text.and_then(|text| Node::parse(text).ok());
    let mut document = document.ok_or(Refusal(
        StatusCode::UNPROCESSABLE_ENTITY,
        "2003",
        "the body is not JSON",
    ))?;
    let mut general = document.get("general").cloned().unwrap_or(Node::Null);
    let signature = match general.take("signature").as_slice() {
        [Node::Text(signature)] => signature.clone(),
        _ => {
            return Err(Refusal(
                StatusCode::BAD_REQUEST,
                "3262",
                "general.signature is missing",
            ));
        }
    };
    document.set(&["general"], general);
    if config
        .secret
        .check(&string_to_sign(&document), &signature)
        .is_err()
    {
        return Err(Refusal(
            StatusCode::BAD_REQUEST,
            "3261",
            "general.signature is invalid",
        ));
    }
    let project = document
        .get("general")
        .and_then(|general| general.get("project_id"));
    if project != Some(&Node::int(config.project_id)) {
        return Err(Refusal(
            StatusCode::BAD_REQUEST,
            "2442",
            "general.project_id is unknown",
        ));
    }
    Ok(document)
}

/// Each operation as it stands now, in the order of their ids.
fn operations(payment: &Payment) -> Vec<Operation> {
    let mut latest: Vec<Operation> = Vec::new();
    for operation in payment.callbacks.iter().map(|callback| &callback.operation) {
        match latest.iter_mut().find(|known| known.id == operation.id) {
            Some(known) => *known = operation.clone(),
            None => latest.push(operation.clone()),
        }
    }
    latest.sort_by_key(|operation| operation.id);
    latest
}

fn bank(bank: &Bank) -> Node {
    let euro = Node::object([
        ("id", Node::int(978)),
        ("alpha_3_4217", Node::text("EUR")),
        ("number_3_4217", Node::text("978")),
        ("exponent", Node::int(2)),
    ]);
    Node::object([
        ("id", Node::int(u64::from(bank.id))),
        ("abbr", Node::Text(bank.name(Lang::En).to_uppercase())),
        ("name", Node::text(bank.name(Lang::En))),
        ("nativeName", Node::text(bank.name(Lang::Fi))),
        ("currencies", Node::List(vec![euro])),
    ])
}

fn json(status: StatusCode, body: &Node) -> Response {
    (
        status,
        [(CONTENT_TYPE, "application/json")],
        body.to_json(Escapes::Php),
    )
        .into_response()
}

//! The two questions of ecommpay's Gate that a shop on Payment Page asks: how a payment stands, and which banks there are.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State as Extract};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::Config;
use crate::bank::{BANKS, Bank};
use crate::callbacks::{customer_part, operation_part, payment_part, request_id};
use crate::json::{Escapes, Node};
use crate::sender::Shared;
use crate::signature::{signed, string_to_sign};
use crate::state::{Operation, Payment};
use crate::texts::Lang;

/// A request is at most so long, in bytes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The routes of Gate.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
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

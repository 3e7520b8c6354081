//! The control API for test scripts: JSON over HTTP under `/control`; see the README beside this crate.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::attacks::{self, Kind, Must};
use crate::date;
use crate::faults::Faults;
use crate::flow::{Act, Details, FlowError};
use crate::pages::next_url;
use crate::sender::Shared;
use crate::state::{Callback, Outcome, Payment, Planned};

/// A flush waits at most so long, in real time.
const FLUSH_PATIENCE: Duration = Duration::from_secs(30);
/// A skip is at most so long: ten years, in seconds.
const LONGEST_SKIP_SECONDS: u32 = 315_360_000;

/// The routes under `/control`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/clock", get(clock).post(skip))
        .route("/control/payments", get(payments))
        .route("/control/payments/{payment_id}", get(payment))
        .route("/control/payments/{payment_id}/act", post(act))
        .route("/control/payments/{payment_id}/attack", post(attack))
        .route("/control/attacks", get(attack_kinds))
        .route("/control/faults", get(faults).post(set_faults))
        .route("/control/callbacks/flush", post(flush))
        .route("/control/reset", post(reset))
}

/// Why a control request was refused.
enum Refused {
    Body(JsonRejection),
    Flow(FlowError),
    Value(&'static str),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Body(rejection) => (rejection.status(), rejection.body_text()),
            Self::Flow(FlowError::Unknown) => {
                (StatusCode::NOT_FOUND, FlowError::Unknown.to_string())
            }
            Self::Flow(error @ FlowError::BankNotOffered(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            }
            Self::Flow(error @ FlowError::Over(_)) => (StatusCode::CONFLICT, error.to_string()),
            Self::Value(message) => (StatusCode::UNPROCESSABLE_ENTITY, message.to_owned()),
        };
        (status, Json(json!({ "error": message }))).into_response()
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Self {
        Self::Body(rejection)
    }
}

impl From<FlowError> for Refused {
    fn from(error: FlowError) -> Self {
        Self::Flow(error)
    }
}

type Body<T> = Result<Json<T>, JsonRejection>;

async fn clock(Extract(shared): Extract<Arc<Shared>>) -> Json<serde_json::Value> {
    Json(clock_json(&shared))
}

fn clock_json(shared: &Shared) -> serde_json::Value {
    json!({ "now_ms": shared.clock.now_ms(), "now": date::callback_date(shared.clock.now_ms()), "skipped_seconds": shared.clock.offset_ms() / 1_000 })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    skip_seconds: u32,
}

async fn skip(
    Extract(shared): Extract<Arc<Shared>>,
    body: Body<Skip>,
) -> Result<Json<serde_json::Value>, Refused> {
    let Json(Skip { skip_seconds }) = body?;
    if skip_seconds > LONGEST_SKIP_SECONDS {
        return Err(Refused::Value("skip_seconds is more than ten years"));
    }
    shared.clock.skip(skip_seconds);
    shared.wake();
    Ok(Json(clock_json(&shared)))
}

/// A payment in a list.
#[derive(Serialize)]
struct Summary {
    payment_id: String,
    state: &'static str,
    truth: &'static str,
    code: Option<&'static str>,
    amount: u64,
    currency: &'static str,
    option: u8,
    bank: Option<u32>,
    opened_ms: i64,
    planned: Option<Planned>,
    callbacks: usize,
    next_url: Option<String>,
}

impl Summary {
    fn of(payment: &Payment) -> Self {
        Self {
            payment_id: payment.request.payment_id.clone(),
            state: payment.status.word(),
            truth: payment.truth(),
            code: payment.code,
            amount: payment.request.amount,
            currency: "EUR",
            option: payment.request.choice.number(),
            bank: payment.bank.map(|bank| bank.id),
            opened_ms: payment.opened_ms,
            planned: payment.planned,
            callbacks: payment.callbacks.len(),
            next_url: next_url(payment),
        }
    }
}

/// A payment with its callbacks.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    summary: Summary,
    banks: Vec<u32>,
    page_id: String,
    parameters: Vec<(String, String)>,
    callback_list: Vec<Callback>,
}

impl Whole {
    fn of(payment: &Payment) -> Self {
        Self {
            summary: Summary::of(payment),
            banks: payment.request.choice.banks(),
            page_id: payment.page_id.clone(),
            parameters: payment.request.parameters.clone(),
            callback_list: payment.callbacks.clone(),
        }
    }
}

async fn payments(Extract(shared): Extract<Arc<Shared>>) -> Json<serde_json::Value> {
    let state = shared.state();
    let mut payments: Vec<&Payment> = state.payments.values().collect();
    payments.sort_by_key(|payment| payment.serial);
    let list: Vec<Summary> = payments.into_iter().map(Summary::of).collect();
    Json(json!({ "payments": list }))
}

async fn payment(
    Extract(shared): Extract<Arc<Shared>>,
    Path(payment_id): Path<String>,
) -> Result<Json<Whole>, Refused> {
    let state = shared.state();
    let (_, payment) = state.by_payment_id(&payment_id).ok_or(FlowError::Unknown)?;
    Ok(Json(Whole::of(payment)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActRequest {
    act: Act,
    bank: Option<u32>,
    delay_seconds: Option<u32>,
    #[serde(default)]
    sale_declined: bool,
}

async fn act(
    Extract(shared): Extract<Arc<Shared>>,
    Path(payment_id): Path<String>,
    body: Body<ActRequest>,
) -> Result<Json<Whole>, Refused> {
    let Json(request) = body?;
    let details = Details {
        bank: request.bank,
        delay_seconds: request.delay_seconds,
        sale_declined: request.sale_declined,
    };
    let now_ms = shared.clock.now_ms();
    let mut state = shared.state();
    let key = state
        .by_payment_id(&payment_id)
        .ok_or(FlowError::Unknown)?
        .0;
    state.act(&key, request.act, details, now_ms)?;
    let whole = state.payments.get(&key).map(Whole::of);
    drop(state);
    shared.wake();
    Ok(Json(whole.ok_or(FlowError::Unknown)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttackRequest {
    kind: Kind,
    /// Which callback of the payment is replayed, counted from 0.
    #[serde(default)]
    callback: usize,
}

#[derive(Serialize)]
struct AttackReport {
    kind: Kind,
    must: Must,
    body_bytes: usize,
    #[serde(flatten)]
    outcome: Outcome,
}

async fn attack(
    Extract(shared): Extract<Arc<Shared>>,
    Path(payment_id): Path<String>,
    body: Body<AttackRequest>,
) -> Result<Json<AttackReport>, Refused> {
    let Json(AttackRequest { kind, callback }) = body?;
    let now_ms = shared.clock.now_ms();
    let (url, body) = {
        let mut state = shared.state();
        let (key, payment) = state.by_payment_id(&payment_id).ok_or(FlowError::Unknown)?;
        let url = payment
            .request
            .callback_url
            .clone()
            .ok_or(Refused::Value("the payment has no callback address"))?;
        let body = state
            .attack(&key, kind, callback, now_ms)
            .ok_or(Refused::Value("the payment has no such callback to replay"))?;
        (url, body)
    };
    let body_bytes = body.len();
    let outcome = shared.post(&url, body).await;
    Ok(Json(AttackReport {
        kind,
        must: kind.must(),
        body_bytes,
        outcome,
    }))
}

async fn attack_kinds() -> Json<serde_json::Value> {
    let kinds: Vec<_> = attacks::ALL
        .iter()
        .map(|kind| json!({ "kind": kind, "must": kind.must() }))
        .collect();
    Json(json!({ "attacks": kinds }))
}

async fn faults(Extract(shared): Extract<Arc<Shared>>) -> Json<Faults> {
    Json(shared.state().faults.clone())
}

async fn set_faults(
    Extract(shared): Extract<Arc<Shared>>,
    body: Body<Faults>,
) -> Result<Json<Faults>, Refused> {
    let Json(faults) = body?;
    if faults.lose > 100 || faults.duplicate > 20 {
        return Err(Refused::Value(
            "expected lose from 0 to 100 and duplicate from 0 to 20",
        ));
    }
    shared.state().faults = faults.clone();
    Ok(Json(faults))
}

async fn flush(Extract(shared): Extract<Arc<Shared>>) -> Response {
    let quiet = shared.flush(FLUSH_PATIENCE).await;
    let state = shared.state();
    let fates = state
        .payments
        .values()
        .flat_map(|payment| &payment.callbacks)
        .map(|callback| callback.fate);
    let (delivered, waiting) =
        fates.fold((0_u32, 0_u32), |(delivered, waiting), fate| match fate {
            crate::state::Fate::Delivered => (delivered + 1, waiting),
            crate::state::Fate::Waiting => (delivered, waiting + 1),
            _ => (delivered, waiting),
        });
    let status = if quiet {
        StatusCode::OK
    } else {
        StatusCode::GATEWAY_TIMEOUT
    };
    (
        status,
        Json(json!({ "quiet": quiet, "delivered": delivered, "waiting": waiting })),
    )
        .into_response()
}

async fn reset(Extract(shared): Extract<Arc<Shared>>) -> Json<serde_json::Value> {
    shared.state().reset();
    shared.op.reset();
    shared.vetuma.reset();
    shared.clock.reset();
    Json(json!({ "reset": true }))
}

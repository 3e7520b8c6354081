//! The control of OP's simulation, for test scripts.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::callback;
use super::rest::{Refusal, not_found, payment_json};
use super::state::{Status, Unanswered};
use crate::sender::Shared;

/// `GET /control/op/key`: the public key that verifies callbacks, as PEM.
pub(super) async fn key(Extract(shared): Extract<Arc<Shared>>) -> Response {
    shared
        .op
        .key
        .public_pem()
        .unwrap_or_default()
        .into_response()
}

/// `GET /control/op/payments`
pub(super) async fn payments(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    let state = shared.op.state();
    let payments = state.all().map(|payment| {
        let mut json = payment_json(payment);
        if let Some(fields) = json.as_object_mut() {
            fields.insert("reference".into(), payment.reference.clone().into());
            fields.insert("accountId".into(), payment.account_id.clone().into());
            fields.insert("asked".into(), payment.asked.into());
            fields.insert("otherSessions".into(), payment.other_sessions.into());
            fields.insert("bank".into(), payment.bank.clone().into());
            fields.insert(
                "page".into(),
                format!("/op/bank/{}", payment.page_id).into(),
            );
            fields.insert("nextUrl".into(), payment.next_url().into());
        }
        json
    });
    Json(json!({ "payments": payments.collect::<Vec<_>>() }))
}

/// What a customer does.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Act {
    Pay,
    Cancel,
    Refuse,
    /// The bank took it on, and says later what came of it.
    Process,
}

impl Act {
    /// The act by its name on a form.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "pay" => Some(Self::Pay),
            "cancel" => Some(Self::Cancel),
            "refuse" => Some(Self::Refuse),
            "process" => Some(Self::Process),
            _ => None,
        }
    }

    pub(super) const fn status(self) -> Status {
        match self {
            Self::Pay => Status::Paid,
            Self::Cancel => Status::Cancelled,
            Self::Refuse => Status::Failed,
            Self::Process => Status::Processing,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActBody {
    act: Act,
}

/// `POST /control/op/payments/{payment_id}/act` `{"act": "pay"}`
pub(super) async fn act(
    Extract(shared): Extract<Arc<Shared>>,
    Path(payment_id): Path<String>,
    Json(ActBody { act }): Json<ActBody>,
) -> Result<Json<Value>, Refusal> {
    let page = shared
        .op
        .state()
        .by_id(&payment_id)
        .map(|one| one.page_id.clone());
    let page = page.ok_or_else(not_found)?;
    let next = callback::end(&shared, &page, act.status());
    next.map(|url| Json(json!({ "next_url": url })))
        .ok_or_else(|| Refusal(StatusCode::CONFLICT, "the payment is over".to_owned()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundBody {
    cents: u64,
}

/// `POST /control/op/payments/{payment_id}/refund` `{"cents": 100}`: somebody gives money back in
/// OP's own service.
pub(super) async fn refund(
    Extract(shared): Extract<Arc<Shared>>,
    Path(payment_id): Path<String>,
    Json(RefundBody { cents }): Json<RefundBody>,
) -> Result<Json<Value>, Refusal> {
    let now = shared.clock.now_ms();
    let refunded = shared.op.state().refund(&payment_id, cents, now);
    match refunded {
        Ok(total) => Ok(Json(json!({ "total_cents": total }))),
        Err(why) => Err(Refusal(StatusCode::CONFLICT, why.to_owned())),
    }
}

/// What goes wrong from now on.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Faults {
    lose_callbacks: u32,
    hold_callbacks: bool,
    repeat_callbacks: u8,
    refuse: u32,
    refuse_with: Option<u16>,
    refuse_path: String,
    refund_unanswered: Option<Unanswered>,
    status_delay_ms: u64,
    date_within: Option<i64>,
}

/// `POST /control/op/faults` `{"lose_callbacks": 1, "refuse": 2, "refuse_with": 503}`
pub(super) async fn faults(
    Extract(shared): Extract<Arc<Shared>>,
    Json(faults): Json<Faults>,
) -> StatusCode {
    let mut state = shared.op.state();
    state.lose_callbacks = faults.lose_callbacks;
    state.hold_callbacks = faults.hold_callbacks;
    state.repeat_callbacks = faults.repeat_callbacks;
    state.refund_unanswered = faults.refund_unanswered;
    state.status_delay_ms = faults.status_delay_ms;
    state.date_within = faults.date_within;
    state.refuse = (faults.refuse > 0).then(|| (faults.refuse, faults.refuse_with.unwrap_or(500)));
    state.refuse_path = faults.refuse_path;
    StatusCode::NO_CONTENT
}

/// `POST /control/op/callbacks/release`: callbacks that were held set off now.
pub(super) async fn release(Extract(shared): Extract<Arc<Shared>>) -> Json<Value> {
    let held = std::mem::take(&mut shared.op.state().held);
    let released = held.len();
    for request in held {
        callback::send(&shared, request);
    }
    Json(json!({ "released": released }))
}

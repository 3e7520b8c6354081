//! OP's REST interface.

use std::{sync::Arc, time::Duration};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, OriginalUri, Path, State as Extract};
use axum::http::{self, HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::assumed;
use super::message::{Create, Refund};
use super::signature::{Caller, Request};
use super::state::{Payment, Status, Unanswered};
use crate::bank::BANKS;
use crate::date::iso_millis;
use crate::sender::Shared;
use crate::texts::Lang;

/// Why OP refuses: the status of HTTP and a sentence. Which ones the real OP has is not public.
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, why) = self;
        let body = Json(json!({ "error": why }));
        (status, assumed("error-status,error-body"), body).into_response()
    }
}

/// What every call has in common: method, address, headers, body.
pub(super) struct Came {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Came {
    type Rejection = BytesRejection;

    async fn from_request(request: http::Request<Body>, state: &S) -> Result<Self, BytesRejection> {
        let OriginalUri(uri) = request
            .extensions()
            .get()
            .cloned()
            .unwrap_or_else(|| OriginalUri(request.uri().clone()));
        let (method, headers) = (request.method().clone(), request.headers().clone());
        let body = Bytes::from_request(request, state).await?;
        Ok(Self {
            method,
            uri,
            headers,
            body,
        })
    }
}

impl Came {
    /// Verifies the call, and that its pair of identifiers is new.
    fn verify(&self, shared: &Shared) -> Result<Caller, Refusal> {
        let host = self.headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let request = Request {
            method: self.method.as_str(),
            url: &format!("http://{host}{}", self.uri),
            headers: &self.headers,
            body: &self.body,
        };
        let mut state = shared.op.state();
        let meant = self.uri.path().ends_with(&state.refuse_path);
        if let (Some((left @ 1.., status)), true) = (state.refuse, meant) {
            state.refuse = Some((left - 1, status));
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Err(Refusal(status, "as the test asked for".to_owned()));
        }
        let now = shared.clock.now_ms();
        let caller = request
            .verify()
            .and_then(|caller| match state.date_within {
                Some(within) => request.check_date(now, within).map(|()| caller),
                None => Ok(caller),
            })
            .map_err(|why| Refusal(StatusCode::UNAUTHORIZED, why))?;
        if state.use_pair(&caller.session_id, &caller.request_id) {
            Ok(caller)
        } else {
            Err(Refusal(
                StatusCode::CONFLICT,
                "the pair of x-session-id and x-request-id was used already".to_owned(),
            ))
        }
    }
}

/// `POST /payments`
pub(super) async fn create(
    Extract(shared): Extract<Arc<Shared>>,
    came: Came,
) -> Result<Response, Refusal> {
    let caller = came.verify(&shared)?;
    let (create, cents) =
        Create::read(&came.body).map_err(|why| Refusal(StatusCode::BAD_REQUEST, why))?;
    let now = shared.clock.now_ms();
    let mut state = shared.op.state();
    let payment = state.add(create, cents, &caller.session_id, now);
    let answer = json!({
        "paymentId": payment.id,
        "paymentOperationId": payment.operation_id,
        "paymentOperationValidation": payment.validation,
    });
    Ok((assumed("success-status"), Json(answer)).into_response())
}

/// `GET /payments/{paymentId}`
pub(super) async fn status(
    Extract(shared): Extract<Arc<Shared>>,
    Path(payment_id): Path<String>,
    came: Came,
) -> Result<Response, Refusal> {
    let caller = came.verify(&shared)?;
    let delay_ms = {
        let mut state = shared.op.state();
        let payment = state.by_id(&payment_id).ok_or_else(not_found)?;
        payment.hear(&caller.session_id);
        payment.asked = payment.asked.saturating_add(1);
        state.status_delay_ms
    };
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    let mut state = shared.op.state();
    let payment = state.by_id(&payment_id).ok_or_else(not_found)?;
    payment.come_due(shared.clock.now_ms());
    let answer = Json(payment_json(payment));
    let names = "status-enum,refund-items,error-fields";
    Ok((assumed(names), answer).into_response())
}

/// `POST /payments/{paymentId}/refund`
pub(super) async fn refund(
    Extract(shared): Extract<Arc<Shared>>,
    Path(payment_id): Path<String>,
    came: Came,
) -> Result<Response, Refusal> {
    let caller = came.verify(&shared)?;
    let cents = Refund::read(&came.body).map_err(|why| Refusal(StatusCode::BAD_REQUEST, why))?;
    let now = shared.clock.now_ms();
    let mut state = shared.op.state();
    let payment = state.by_id(&payment_id).ok_or_else(not_found)?;
    payment.hear(&caller.session_id);
    let unanswered = state.refund_unanswered.take();
    let silence = || {
        Refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "as the test asked for".into(),
        )
    };
    if unanswered == Some(Unanswered::NotMade) {
        return Err(silence());
    }
    let total = state
        .refund(&payment_id, cents, now)
        .map_err(|why| Refusal(StatusCode::BAD_REQUEST, why.to_owned()))?;
    if unanswered == Some(Unanswered::Made) {
        return Err(silence());
    }
    let answer = json!({
        "paymentId": payment_id,
        "totalRefundedAmount": euros(total),
    });
    let names = "refund-path,refund-sum-capped,refund-payment-id";
    Ok((assumed(names), Json(answer)).into_response())
}

/// `GET /payments/multibank/providers`
pub(super) async fn providers(
    Extract(shared): Extract<Arc<Shared>>,
    came: Came,
) -> Result<Response, Refusal> {
    came.verify(&shared)?;
    // OP is not in its own list; Handelsbanken stands in for a bank that is down.
    let banks = BANKS.iter().filter(|bank| bank.name(Lang::Fi) != "OP");
    let items = banks.map(|bank| {
        let down = bank.name(Lang::Fi) == "Handelsbanken";
        json!({
            "bankId": bank_id(bank.name(Lang::En)),
            "status": if down { "SIM_UNAVAILABLE" } else { "SIM_AVAILABLE" },
        })
    });
    let answer = json!({ "providers": items.collect::<Vec<_>>() });
    Ok((assumed("bank-ids,provider-fields"), Json(answer)).into_response())
}

/// An invented identifier of a bank.
pub(super) fn bank_id(name: &str) -> String {
    let letters = name.chars().filter_map(|c| match c {
        'Å' | 'å' | 'ä' => Some('a'),
        c if c.is_ascii_alphanumeric() => Some(c.to_ascii_lowercase()),
        ' ' | '-' => Some('-'),
        _ => None,
    });
    format!("sim-{}", letters.collect::<String>())
}

pub(super) fn not_found() -> Refusal {
    let why = "there is no such payment".to_owned();
    Refusal(StatusCode::NOT_FOUND, why)
}

pub(super) fn payment_json(payment: &Payment) -> Value {
    let refunds = payment.refunds.iter().map(|refund| {
        json!({
            "paymentId": refund.id,
            "amount": euros(refund.cents),
            "createTime": iso_millis(refund.at_ms),
        })
    });
    let failed = payment.status == Status::Failed;
    json!({
        "paymentId": payment.id,
        "amount": euros(payment.cents),
        "status": payment.status.word(),
        "refunds": refunds.collect::<Vec<_>>(),
        "createTime": iso_millis(payment.created_ms),
        "updateTime": iso_millis(payment.updated_ms),
        "paymentType": "CREDIT",
        "totalRefundedAmount": euros(payment.refunded_cents()),
        "failureReason": failed.then_some("UnknownError"),
    })
}

fn euros(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

//! Refunds: money that a shop sends back, by the provider or by itself.

use axum::{Json, extract::State, response::Response};
use http::HeaderMap;
use kassa_checkout::{Amount, lifecycle::RefundRefusal, refund::RefundRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Authorized, Path, idempotency, terms::check_text};
use crate::{
    body::Strict,
    clock,
    problem::{Fault, Problem, ProblemBody},
    state::AppState,
    store::{NewRefund, Refunding},
    tokens,
    view::RefundView,
};

/// A refund to begin.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRefund {
    /// The sum in cents; all that is left without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 1_000)]
    amount: Option<Amount>,
    /// The attempt whose money goes back. Needed only where a payment was paid twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<String>,
    /// Whether the shop has sent the money back by itself, so that only the books are to know.
    #[serde(default)]
    manual: bool,
    /// The shop's own note, at most 255 characters. The customer does not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    note: Option<String>,
}

/// Begins a refund, or records one that the shop has made by itself (`manual`).
///
/// With an `Idempotency-Key` the same request is answered the same, also after a lost connection.
/// All refunds of a payment together never exceed what was paid.
#[utoipa::path(
    post, path = "/v1/payments/{id}/refunds", tag = "shop", operation_id = "createRefund",
    request_body = CreateRefund,
    params(
        ("id" = String, Path, description = "The payment's identifier"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters without spaces, new for every refund", pattern = "^[!-~]{1,255}$"),
    ),
    security(("api_key" = [])),
    responses(
        (status = 201, description = "The refund", body = RefundView),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    Path(id): Path<String>,
    headers: HeaderMap,
    Strict(request): Strict<CreateRefund>,
) -> Result<Response, Problem> {
    let idempotency = idempotency::read(&headers, &(&id, &request))?;
    let _running = idempotency::enter(&app, &shop, idempotency.as_ref())?;
    if let Some(note) = &request.note {
        check_text("note", note)?;
    }
    if !request.manual {
        return Err(Problem::field(
            Fault::RefundUnsupported,
            "manual",
            "Kassa cannot have this provider send money back: do it by a credit transfer or in \
             the provider's own service, and record that with `manual: true`",
        ));
    }
    let now = clock::now();
    let new = NewRefund {
        id: tokens::refund_id(now).map_err(|_| Fault::Internal)?,
        shop: shop.id.clone(),
        payment: id,
        attempt: request.attempt,
        amount: request.amount,
        manual: request.manual,
        note: request.note,
        now,
        answer: Box::new(|refund| {
            serde_json::to_string(&RefundView::of(refund)).unwrap_or_default()
        }),
    };
    match app.store.refund(new, idempotency).await? {
        Refunding::New {
            refund,
            answer,
            token,
        } => {
            app.metrics.refunded(refund.manual);
            app.changed(&token);
            app.outbox.notify_one();
            Ok(idempotency::answer(answer, false))
        }
        Refunding::Before(answer) => Ok(idempotency::answer(answer, true)),
        Refunding::KeyReused => Err(Fault::KeyReused.into()),
        Refunding::Unknown => Err(Fault::NotFound.into()),
        Refunding::Refused(refusal) => Err(refused(&refusal)),
    }
}

fn refused(refusal: &RefundRefusal) -> Problem {
    match refusal {
        RefundRefusal::NothingLeft => Problem::new(Fault::NothingToRefund),
        _ => Problem::coded(refusal),
    }
}

/// The refunds of a payment.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundList {
    /// What can be refunded here, told before it is tried.
    rule: RefundTerms,
    /// How much can still be refunded, in cents.
    refundable: u64,
    /// The refunds, oldest first.
    data: Vec<RefundView>,
}

/// What can be refunded.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundTerms {
    /// Whether Kassa can have the provider send money back. Where it cannot, the shop sends it
    /// back by itself and records that.
    supported: bool,
    /// Why not, as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl RefundTerms {
    fn of(rule: RefundRule) -> Self {
        let reason = match rule {
            RefundRule::Supported { .. } => "refund/not-yet",
            RefundRule::Unsupported { reason } => reason,
        };
        Self {
            supported: false,
            reason: Some(reason),
        }
    }
}

/// Lists the refunds of a payment, oldest first, and tells what can be refunded.
#[utoipa::path(
    get, path = "/v1/payments/{id}/refunds", tag = "shop", operation_id = "listRefunds",
    params(("id" = String, Path, description = "The payment's identifier")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The refunds", body = RefundList),
        (status = "4XX", description = "Why not", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Authorized(shop): Authorized,
    Path(id): Path<String>,
) -> Result<Json<RefundList>, Problem> {
    let payment = app.store.payment(&shop.id, &id).await?;
    let refunds = app.store.refunds(&shop.id, &id).await?;
    let (payment, refunds) = payment.zip(refunds).ok_or(Fault::NotFound)?;
    Ok(Json(RefundList {
        rule: RefundTerms::of(shop.account.provider.refund_rule()),
        refundable: payment.lifecycle.refundable_cents(),
        data: refunds.iter().map(RefundView::of).collect(),
    }))
}

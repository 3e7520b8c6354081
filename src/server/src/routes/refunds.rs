//! Refunds: money that a shop sends back, by the provider or by itself.

use axum::{Json, extract::State, response::Response};
use http::HeaderMap;
use kassa_checkout::{
    Amount,
    lifecycle::RefundRefusal,
    refund::{RefundRule, RefundTold},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Authorized, Path, idempotency, terms::check_text};
use crate::{
    body::Strict,
    clock,
    problem::{Fault, Problem, ProblemBody},
    refunding,
    shop::{Account, Shop},
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
    /// What the payer reads, as a reference number or an RF reference; the payment's own without
    /// it and without a message. Only where Kassa has the provider send the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// What the payer reads, in words, instead of a reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 140)]
    message: Option<String>,
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
    let told = told(&app, &shop, &id, &request).await?;
    let now = clock::now();
    let new = NewRefund {
        id: tokens::refund_id(now).map_err(|_| Fault::Internal)?,
        shop: shop.id.clone(),
        payment: id,
        attempt: request.attempt,
        amount: request.amount,
        told,
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
            if !refund.manual {
                // What comes of it is told by a webhook: a shop that hangs up must not end it, and
                // a job takes it up should this process end.
                tokio::spawn(refunding::carry_out(app.clone(), shop, refund));
            }
            Ok(idempotency::answer(answer, false))
        }
        Refunding::Before(answer) => Ok(idempotency::answer(answer, true)),
        Refunding::KeyReused => Err(Fault::KeyReused.into()),
        Refunding::Unknown => Err(Fault::NotFound.into()),
        Refunding::Refused(refusal) => Err(refused(&refusal)),
    }
}

/// What the payer is to read about a refund that the provider makes; none of a manual one.
async fn told(
    app: &AppState,
    shop: &Shop,
    id: &str,
    request: &CreateRefund,
) -> Result<Option<RefundTold>, Problem> {
    let given = match (&request.reference, &request.message) {
        (Some(_), Some(_)) => {
            let detail = "expected a reference or a message, not both";
            return Err(Problem::field(Fault::Field, "message", detail));
        }
        (Some(reference), None) => Some(RefundTold::Reference(reference.clone())),
        (None, Some(message)) => Some(RefundTold::Message(message.clone())),
        (None, None) => None,
    };
    if request.manual {
        let field = match given {
            None => return Ok(None),
            Some(RefundTold::Reference(_)) => "reference",
            Some(RefundTold::Message(_)) => "message",
        };
        let detail = "not of a manual refund: what the payer read is the shop's own affair";
        return Err(Problem::field(Fault::Field, field, detail));
    }
    let payment = app.store.payment(&shop.id, id).await?;
    let payment = payment.ok_or(Fault::NotFound)?;
    let told = given.unwrap_or_else(|| RefundTold::Reference(payment.reference.clone()));
    let account = refunding::account_of(shop, &payment, request.attempt.as_deref());
    let account = account.ok_or_else(|| {
        let detail = "the account that took the payment is not in Kassa's configuration any more: \
                      send the money back by a credit transfer or in the provider's own service, \
                      and record that with `manual: true`";
        Problem::field(Fault::RefundUnsupported, "manual", detail)
    })?;
    refunding::check(account, &payment, &told)?;
    Ok(Some(told))
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
    /// What can be refunded, told before it is tried: the rule of the account that took the
    /// money.
    rule: RefundTerms,
    /// How much can still be refunded, in cents.
    refundable: u64,
    /// The attempts that hold money: more than one where the payment was paid twice.
    attempts: Vec<RefundableAttempt>,
    /// The refunds, oldest first.
    data: Vec<RefundView>,
}

/// An attempt that holds money.
#[derive(Serialize, ToSchema)]
struct RefundableAttempt {
    /// The attempt.
    attempt: String,
    /// The provider that took it.
    provider: Option<String>,
    /// How much of it can still be refunded, in cents.
    refundable: u64,
    /// What can be refunded of it.
    rule: RefundTerms,
}

/// What can be refunded.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundTerms {
    /// Whether Kassa can have the provider send money back. Where it cannot, the shop sends it
    /// back by itself and records that.
    supported: bool,
    /// Whether a part of the money may go back, and another part later.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<bool>,
    /// How long after the payment, in seconds, where a limit is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    /// What a refund needs: one of these.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    needs: &'static [&'static str],
    /// Why not, as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl RefundTerms {
    /// The terms of an account; those of none where it is not in the configuration any more.
    fn of(account: Option<&Account>) -> Self {
        let gone = RefundRule::Unsupported {
            reason: "refund/account",
        };
        account
            .map_or(gone, |account| account.provider.refund_rule())
            .into()
    }
}

impl From<RefundRule> for RefundTerms {
    fn from(rule: RefundRule) -> Self {
        match rule {
            RefundRule::Supported {
                partial,
                until_seconds,
                needs_note,
            } => Self {
                supported: true,
                partial: Some(partial),
                until: until_seconds,
                needs: if needs_note {
                    &["reference", "message"]
                } else {
                    &[]
                },
                reason: None,
            },
            RefundRule::Unsupported { reason } => Self {
                supported: false,
                partial: None,
                until: None,
                needs: &[],
                reason: Some(reason),
            },
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
    let terms_of = |attempt| RefundTerms::of(refunding::account_of(&shop, &payment, attempt));
    let attempts = payment.lifecycle.attempts().iter();
    let attempts = attempts.filter(|attempt| attempt.refundable_cents() > 0);
    Ok(Json(RefundList {
        rule: terms_of(None),
        refundable: payment.lifecycle.refundable_cents(),
        attempts: attempts
            .map(|attempt| RefundableAttempt {
                attempt: attempt.id().to_owned(),
                provider: payment.provider_of(attempt.id()).map(str::to_owned),
                refundable: attempt.refundable_cents(),
                rule: terms_of(Some(attempt.id())),
            })
            .collect(),
        data: refunds.iter().map(RefundView::of).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use kassa_checkout::refund::RefundRule;
    use serde_json::json;

    use super::RefundTerms;

    /// Also what no provider demands yet: a limit in time, all or nothing, no words for the payer.
    #[test]
    fn a_shop_is_told_each_part_of_a_rule_and_nothing_that_it_does_not_say() {
        let supported = |partial, until_seconds, needs_note| RefundRule::Supported {
            partial,
            until_seconds,
            needs_note,
        };
        let unsupported = RefundRule::Unsupported {
            reason: "refund/method",
        };
        let half_a_year = 182 * 24 * 3_600;
        for (rule, told) in [
            (
                supported(true, Some(half_a_year), true),
                json!({
                    "supported": true, "partial": true, "until": 15_724_800,
                    "needs": ["reference", "message"],
                }),
            ),
            (
                supported(false, Some(0), false),
                json!({ "supported": true, "partial": false, "until": 0 }),
            ),
            (
                supported(true, None, false),
                json!({ "supported": true, "partial": true }),
            ),
            (
                unsupported,
                json!({ "supported": false, "reason": "refund/method" }),
            ),
        ] {
            let terms = serde_json::to_value(RefundTerms::from(rule)).unwrap();
            assert_eq!(terms, told, "{rule:?}");
        }
    }
}

//! What an event does to a stored payment: the lifecycle's verdict turned into rows to write.
//!
//! Pure, and shared by all stores.

use kassa_checkout::{
    Timestamp,
    lifecycle::{Effect, Event, Evidence},
};
use serde_json::{Value, json};

use super::record::{EventRecord, Payment};
use crate::{clock, view::PaymentView};

/// The rows that an event asks for, beside the payment itself.
#[derive(Debug, Default)]
pub(crate) struct Consequences {
    /// Events to append.
    pub(crate) events: Vec<EventRecord>,
    /// Webhooks to send: the kind and the body.
    pub(crate) webhooks: Vec<String>,
    /// What was found besides the change.
    pub(crate) flags: Vec<&'static str>,
}

/// Who did what, for the log.
pub(crate) struct Said<'a> {
    pub(crate) who: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) detail: Value,
}

/// Applies an event to a payment.
pub(crate) fn apply(
    payment: &mut Payment,
    event: Event,
    said: Said<'_>,
    now: Timestamp,
) -> Consequences {
    let effects = payment.lifecycle.apply(event);
    payment.version = payment.version.saturating_add(1);
    if effects
        .iter()
        .any(|effect| matches!(effect, Effect::Notify { .. }))
    {
        payment.changed_at = now;
    }
    let mut consequences = Consequences::default();
    append(&mut consequences, payment, now, said);
    for effect in effects {
        follow(&mut consequences, payment, now, effect);
    }
    consequences
}

/// What makes two reports one: all that may change what they mean.
///
/// The time is the provider's own: an operation that declined, succeeded and declined again says
/// the same words twice, and the second time counts.
pub(crate) fn dedupe_key(provider: &str, attempt: &str, evidence: &Evidence) -> String {
    let Evidence {
        key,
        rank,
        code,
        amount_cents,
        currency,
        ..
    } = evidence;
    let (at, code) = (rank.at.millis(), code.as_deref().unwrap_or_default());
    format!("{provider}/{attempt}/{key}/{at}/{code}/{amount_cents}/{currency}")
}

/// The first event of a payment.
pub(crate) fn created(payment: &mut Payment, now: Timestamp) -> Consequences {
    let mut consequences = Consequences::default();
    let who = format!("shop:{}", payment.shop);
    let detail = json!({
        "order": payment.order,
        "amount": payment.lifecycle.amount().cents(),
        "currency": payment.lifecycle.amount().currency().code(),
        "reference": payment.reference,
    });
    let said = Said {
        who: &who,
        kind: "payment.created",
        detail,
    };
    append(&mut consequences, payment, now, said);
    consequences
}

fn follow(consequences: &mut Consequences, payment: &mut Payment, now: Timestamp, effect: Effect) {
    let flag = match effect {
        Effect::Notify { from, to } => {
            let detail = json!({ "from": from, "to": to });
            let said = Said {
                who: "kassa",
                kind: "status.changed",
                detail,
            };
            append(consequences, payment, now, said);
            let body = webhook("payment.updated", payment, None, now);
            consequences.webhooks.push(body);
            return;
        }
        Effect::AskStatus => "contradiction",
        Effect::AmountDiffers => "amount_differs",
        Effect::PaidTwice => "paid_twice",
        Effect::UnknownAttempt => "unknown_attempt",
    };
    let said = Said {
        who: "kassa",
        kind: "payment.flagged",
        detail: json!({ "flag": flag }),
    };
    append(consequences, payment, now, said);
    let body = webhook("payment.flagged", payment, Some(flag), now);
    consequences.webhooks.push(body);
    consequences.flags.push(flag);
}

fn append(consequences: &mut Consequences, payment: &mut Payment, now: Timestamp, said: Said<'_>) {
    payment.events = payment.events.saturating_add(1);
    consequences.events.push(EventRecord {
        seq: payment.events,
        at: now,
        who: said.who.to_owned(),
        kind: said.kind.to_owned(),
        detail: said.detail,
    });
}

/// The body of a webhook: the payment as the shop API shows it, without the checkout token.
fn webhook(kind: &str, payment: &Payment, flag: Option<&str>, now: Timestamp) -> String {
    let mut body = json!({
        "type": kind,
        "timestamp": clock::rfc3339(now),
        "data": PaymentView::of(payment),
    });
    if let (Some(flag), Some(data)) = (flag, body.get_mut("data").and_then(Value::as_object_mut)) {
        data.insert("flag".to_owned(), Value::from(flag));
    }
    body.to_string()
}
